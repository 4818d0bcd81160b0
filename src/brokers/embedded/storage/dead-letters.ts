import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { Procedures } from '../../../sqlite/storage.ts';

/** A dead letter as it is stored: what a filter asks for in columns, the rest as JSON, the body as it came. */
export interface LetterRow {
  readonly id: string;
  readonly reason: string;
  readonly subscriptionId: string | null;
  readonly eventType: string | null;
  readonly eventId: string | null;
  readonly correlationId: string | null;
  /** Milliseconds since the epoch. */
  readonly deadAt: number;
  readonly state: string;
  /** The whole letter but its body, as JSON. */
  readonly letter: string;
  readonly body: Uint8Array;
}

export type StoredLetter = Pick<LetterRow, 'letter' | 'body'>;

/** A condition per member that is there; `since` (inclusive) and `until` (exclusive) in milliseconds. */
export type LetterFilter = Partial<Omit<LetterRow, 'id' | 'deadAt' | 'letter' | 'body'>> & {
  readonly since?: number;
  readonly until?: number;
  readonly replayAsked?: 1;
};

const CONDITIONS: Readonly<Record<keyof LetterFilter, string>> = {
  reason: 'reason = :reason',
  subscriptionId: 'subscription_id = :subscriptionId',
  eventType: 'event_type = :eventType',
  eventId: 'event_id = :eventId',
  correlationId: 'correlation_id = :correlationId',
  state: 'state = :state',
  since: 'dead_at >= :since',
  until: 'dead_at < :until',
  replayAsked:
    "(seq IN (SELECT seq FROM dead_letter_contents WHERE json_extract(letter, '$.replay') IS NOT NULL)) = :replayAsked",
};

const GROUPS = { reason: 'reason', subscriptionId: 'subscription_id', eventType: 'event_type' } as const;
export type LetterGroup = keyof typeof GROUPS;

export interface LetterCount {
  readonly name: string | null;
  readonly letters: number;
}

export function deadLetterProcedures(db: DatabaseSync) {
  // A letter that is written again keeps its place among those of the same millisecond.
  const put = db.prepare(
    `INSERT INTO dead_letters
       (id, reason, subscription_id, event_type, event_id, correlation_id, dead_at, state)
       VALUES (:id, :reason, :subscriptionId, :eventType, :eventId, :correlationId, :deadAt, :state)
     ON CONFLICT (id) DO UPDATE SET reason = :reason, subscription_id = :subscriptionId, event_type = :eventType,
       event_id = :eventId, correlation_id = :correlationId, dead_at = :deadAt, state = :state
     RETURNING seq`,
  );
  const putContent = db.prepare('INSERT OR REPLACE INTO dead_letter_contents VALUES (?, ?, ?)');
  const get = db.prepare(
    'SELECT letter, body FROM dead_letters JOIN dead_letter_contents USING (seq) WHERE id = ?',
  );

  return {
    reads: {
      'dead-letters.get': (id: string): StoredLetter | undefined => get.get(id) as StoredLetter | undefined,

      /** Newest first. */
      'dead-letters.list': (asked: { filter: LetterFilter; offset: number; limit: number }) => {
        const { sql, values } = where(asked.filter);
        const { total } = db.prepare(`SELECT count(*) AS total FROM dead_letters ${sql}`).get(values) as {
          total: number;
        };
        const items = db
          .prepare(
            `SELECT letter, body FROM
               (SELECT seq, dead_at FROM dead_letters ${sql} ORDER BY dead_at DESC, seq DESC LIMIT :limit OFFSET :offset)
               JOIN dead_letter_contents USING (seq) ORDER BY dead_at DESC, seq DESC`,
          )
          .all({ ...values, limit: asked.limit, offset: asked.offset }) as unknown as StoredLetter[];
        return { items, total };
      },

      'dead-letters.count': ({
        filter,
        groupBy,
      }: {
        filter: LetterFilter;
        groupBy: LetterGroup;
      }): LetterCount[] => {
        const { sql, values } = where(filter);
        const rows: unknown[] = db
          .prepare(
            `SELECT ${GROUPS[groupBy]} AS name, count(*) AS letters FROM dead_letters ${sql} GROUP BY name`,
          )
          .all(values);
        return rows as LetterCount[];
      },
    },
    writes: {
      'dead-letters.put': ({ letter, body, ...columns }: LetterRow): void => {
        const { seq } = put.get({ ...columns }) as { seq: number };
        putContent.run(seq, letter, body);
      },
    },
  } satisfies Procedures;
}

function where(filter: LetterFilter): { sql: string; values: Record<string, SQLInputValue> } {
  const asked = (Object.keys(CONDITIONS) as (keyof LetterFilter)[]).filter(
    (name) => filter[name] !== undefined,
  );
  return {
    sql: asked.length === 0 ? '' : `WHERE ${asked.map((name) => CONDITIONS[name]).join(' AND ')}`,
    values: Object.fromEntries(asked.map((name) => [name, filter[name] ?? null])),
  };
}
