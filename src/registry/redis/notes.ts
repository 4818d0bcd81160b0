import type { FeedNote, FeedNotes } from '../store.ts';
import type { RedisConnection } from './connection.ts';
import { SETTLED_UP_TO } from './scripts.ts';

const SETTLED = 'settledUpTo';
const ATTEMPTS = 'attempts:';

/**
 * Notes in a hash per subscription. Calls of one moment go to Redis together; all reject with RegistryUnavailable
 * while it is away.
 */
export class RedisNotes implements FeedNotes {
  readonly #connection: RedisConnection;
  readonly #prefix: string;

  constructor(connection: RedisConnection, prefix: string) {
    this.#connection = connection;
    this.#prefix = prefix;
  }

  async load(subscriptionId: string): Promise<FeedNote> {
    const key = this.#key(subscriptionId);
    const noted = Object.entries(await this.#connection.call((client) => client.hGetAll(key)));
    const attempts = noted.flatMap(([field, count]): [string, number][] =>
      field.startsWith(ATTEMPTS) ? [[field.slice(ATTEMPTS.length), Number(count)]] : [],
    );
    const settledUpTo = noted.find(([field]) => field === SETTLED)?.[1];
    return {
      attempts: new Map(attempts),
      settledUpTo: settledUpTo === undefined ? undefined : Number(settledUpTo),
    };
  }

  async attempted(subscriptionId: string, messageKey: string, attempts: number): Promise<void> {
    const key = this.#key(subscriptionId);
    const field = ATTEMPTS + messageKey;
    await this.#connection.call((client) =>
      attempts === 0 ? client.hDel(key, field) : client.hSet(key, field, attempts),
    );
  }

  async settledUpTo(subscriptionId: string, time: number): Promise<void> {
    const how = { keys: [this.#key(subscriptionId)], arguments: [String(time)] };
    await this.#connection.call<unknown>((client) => client.eval(SETTLED_UP_TO, how));
  }

  async forget(subscriptionId: string): Promise<void> {
    await this.#connection.call((client) => client.del(this.#key(subscriptionId)));
  }

  #key(subscriptionId: string): string {
    return `{${this.#prefix}}:notes:${subscriptionId}`;
  }
}
