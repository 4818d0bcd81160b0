import { OperationRefused, type DeadLetterOperations } from '../admin/operations.ts';
import type { Broker, DeadLetter, DeadLetterFilter, DeadLetterGroup } from '../brokers/broker.ts';
import type { LetterReplays } from '../delivery/letter-replays.ts';

const PAGE = 500;

interface Found {
  readonly letter: DeadLetter;
  readonly home: Broker;
}

/** The dead letters of all brokers as one list, and what an operator may do with them. */
export function createDeadLetterDesk(
  brokers: readonly Broker[],
  replays: LetterReplays,
): DeadLetterOperations {
  async function find(id: string): Promise<Found | undefined> {
    for (const home of brokers) {
      const letter = await asked(home, home.deadLetters.get(id));
      if (letter) return { letter, home };
    }
    return undefined;
  }

  return {
    list: (filter, page) => listAll(brokers, filter, page),

    async count(filter: DeadLetterFilter, groupBy: DeadLetterGroup) {
      const counts: Record<string, number> = {};
      for (const broker of brokers) {
        const found = await asked(broker, broker.deadLetters.count(filter, groupBy));
        for (const [name, count] of Object.entries(found)) counts[name] = (counts[name] ?? 0) + count;
      }
      return counts;
    },

    async get(id) {
      return (await find(id))?.letter;
    },

    async discard(id) {
      const found = await find(id);
      if (!found) return undefined;
      const { replay: _, ...letter } = found.letter;
      const discarded: DeadLetter = { ...letter, state: 'discarded' };
      await asked(found.home, found.home.deadLetters.put(discarded));
      return discarded;
    },

    async replay(id, correctedBody) {
      const found = await find(id);
      if (!found) return undefined;
      const answer = await replays.request(found.letter, found.home, correctedBody);
      if ('refused' in answer) throw new OperationRefused(409, answer.refused);
      return answer;
    },

    async replayMany(filter) {
      const letters = await allOpen(brokers, filter);
      // Oldest first: what was dead first is sent first. Asked for together, so that the writes share their commits.
      const answers = await Promise.all(
        letters.reverse().map(({ letter, home }) => replays.request(letter, home)),
      );
      const byReason: Record<string, number> = {};
      letters.forEach(({ letter: { reason } }, i) => {
        if (!('refused' in (answers[i] ?? {}))) byReason[reason] = (byReason[reason] ?? 0) + 1;
      });
      return { accepted: Object.values(byReason).reduce((sum, count) => sum + count, 0), byReason };
    },
  };
}

/** Of several brokers each gives its newest; the page is cut from what they give together. */
async function listAll(
  brokers: readonly Broker[],
  filter: DeadLetterFilter,
  { offset, limit }: { offset: number; limit: number },
): Promise<{ items: DeadLetter[]; total: number }> {
  const [only, ...others] = brokers;
  if (only && others.length === 0) return asked(only, only.deadLetters.list(filter, { offset, limit }));
  const page = { offset: 0, limit: offset + limit };
  const pages = await Promise.all(
    brokers.map((broker) => asked(broker, broker.deadLetters.list(filter, page))),
  );
  const items = pages.flatMap((one) => one.items).sort((a, b) => b.deadAt.localeCompare(a.deadAt));
  return {
    items: items.slice(offset, offset + limit),
    total: pages.reduce((sum, one) => sum + one.total, 0),
  };
}

/** Newest first, without those whose replay is under way already. */
async function allOpen(brokers: readonly Broker[], filter: DeadLetterFilter): Promise<Found[]> {
  const letters: Found[] = [];
  for (const home of brokers) {
    for (let total = 1, offset = 0; offset < total; offset += PAGE) {
      const page = await asked(
        home,
        home.deadLetters.list({ ...filter, state: 'open' }, { offset, limit: PAGE }),
      );
      total = page.total;
      for (const letter of page.items) if (!letter.replay) letters.push({ letter, home });
    }
  }
  return letters;
}

async function asked<T>({ name }: Broker, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw new OperationRefused(503, `${name} cannot be asked for its dead letters now: ${String(error)}`);
  }
}
