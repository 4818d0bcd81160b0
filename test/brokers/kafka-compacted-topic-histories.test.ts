import fc from 'fast-check';
import { bytes, fate, TableSite, TOPIC } from './kafka-table-site.ts';

type Step =
  | { do: 'put'; replica: number; key: string; value: string | null }
  | { do: 'fail'; replica: number }
  | { do: 'pass'; ms: number }
  | { do: 'compact' };

const just = <T extends string>(value: T): fc.Arbitrary<T> => fc.constant(value);
const replica = fc.nat(1);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      ...{ do: just('put'), replica, key: fc.constantFrom('a', 'b', 'c') },
      value: fc.option(fc.constantFrom('1', '2', '3', '')),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: just('pass'), ms: fc.constantFrom(0, 5, 300) }) },
  { weight: 2, arbitrary: fc.record({ do: just('fail'), replica }) },
  { weight: 2, arbitrary: fc.record({ do: just('compact') }) },
);

const history = fc.record({
  steps: fc.array(step, { maxLength: 40 }),
  /** Simulated milliseconds that calls take, in turn. */
  delays: fc.array(fc.nat(20), { minLength: 1 }),
});

/** Carries out the steps. `unseen`: puts that resolved before their own table had heard of them. */
async function play(site: TableSite, { steps, delays }: { steps: Step[]; delays: number[] }) {
  const { clock, topics } = site;
  const replicas = [site.replica({ partitions: 2 }), site.replica({ partitions: 2 })];
  await Promise.all(replicas.map(({ topic }) => topic.start()));
  let calls = 0;
  const pause = () => new Promise<void>((resolve) => clock.after(delays[calls++ % delays.length]!, resolve));
  for (const { access } of replicas) access.before = access.after = pause;
  const unseen: string[] = [];
  const puts: Promise<void>[] = [];
  for (const one of steps) {
    if (one.do === 'pass') await clock.advance(one.ms);
    else if (one.do === 'compact') topics.compact(TOPIC);
    else if (one.do === 'fail') {
      const { access } = replicas[one.replica]!;
      access.before = async (call) => {
        await pause();
        access.before = pause;
        if (call === 'read') throw new Error('away');
      };
    } else {
      const { topic, table } = replicas[one.replica]!;
      const put = async (): Promise<void> => {
        const { offset } = await topic.put(one.key, one.value === null ? null : bytes(one.value));
        const told = table.told.filter((text) => text.startsWith(`${one.key}=`));
        if (!told.some((text) => Number(text.split('@')[1]) >= offset)) unseen.push(`${one.key}@${offset}`);
      };
      puts.push(put());
    }
  }
  const done = fate(Promise.all(puts));
  await clock.until(() => done.current !== 'under way', 60_000);
  await clock.advance(10_000);
  return { unseen, puts: done.current, tables: replicas.map(({ table }) => table) };
}

describe('replicas of a table', () => {
  test('after any history all have the same content, and each saw its own puts', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (given) => {
        const site = new TableSite();
        const { unseen, puts, tables } = await play(site, given);
        const fresh = site.replica({ partitions: 2 });
        site.topics.compact(TOPIC, { all: true });
        await fresh.topic.start();
        site.close();
        const truth = site.topics.content(TOPIC).map(({ key, value }) => [key, value] as const);
        for (const { content } of [...tables, fresh.table])
          expect(content).toEqual(Object.fromEntries(truth));
        expect({ unseen, puts }).toEqual({ unseen: [], puts: 'done' });
      }),
      { numRuns: 200 },
    );
  });
});
