import type { Database } from '../../sqlite/database.ts';
import type { DeadLetter, DeadLetterFilter, DeadLetters } from '../broker.ts';
import type { LetterFilter, StoredLetter } from './storage/dead-letters.ts';
import type { LogProcedures } from './storage/storage.ts';

/** Dead letters in the file of the log, durable like its records. */
export function createDeadLetters(database: Database<LogProcedures>): DeadLetters {
  return {
    async put(letter) {
      const { body, ...rest } = letter;
      const { id, reason, subscriptionId, eventType, eventId, correlationId, deadAt, state } = letter;
      await database.call('dead-letters.put', {
        ...{ id, reason, subscriptionId, eventType, eventId, correlationId, state },
        deadAt: Date.parse(deadAt),
        letter: JSON.stringify(rest),
        body,
      });
    },

    async get(id) {
      const stored = await database.call('dead-letters.get', id);
      return stored && letterOf(stored);
    },

    async list(filter, { offset, limit }) {
      const asked = { filter: conditions(filter), offset, limit };
      const { items, total } = await database.call('dead-letters.list', asked);
      return { items: items.map(letterOf), total };
    },

    async count(filter, groupBy) {
      if (filter.state !== undefined && filter.state !== 'open') return {};
      const asked = { filter: conditions({ ...filter, state: 'open' }), groupBy };
      const groups = await database.call('dead-letters.count', asked);
      return Object.fromEntries(groups.map(({ name, letters }) => [String(name), letters]));
    },
  };
}

function letterOf({ letter, body }: StoredLetter): DeadLetter {
  return { ...(JSON.parse(letter) as Omit<DeadLetter, 'body'>), body };
}

function conditions({ since, until, replayAsked, ...exact }: DeadLetterFilter): LetterFilter {
  return {
    ...exact,
    ...(replayAsked === undefined ? {} : { replayAsked: 1 }),
    ...(since === undefined ? {} : { since: Date.parse(since) }),
    ...(until === undefined ? {} : { until: Date.parse(until) }),
  };
}
