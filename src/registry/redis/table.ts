/** The registry's keys in Redis, and what can be asked of them. All methods reject with RegistryUnavailable. */
import type { Kept, RegistryEntry } from '../store.ts';
import { RegistryUnavailable, type RedisConnection } from './connection.ts';
import { fieldsOf, rowOf, type RawRow, type Row } from './row.ts';
import { COMPARE, IDENTIFY, INSERT, PROBE, PULSE, READ, REPLACE, RESTORE } from './scripts.ts';

/** Redis does one script at a time: small enough that nobody waits for it for more than a few milliseconds. */
const PAGE = 200;

export interface Pulse {
  /** undefined: Redis is empty, or was emptied. */
  readonly registryId: string | undefined;
  /** Another one each time that the registry was written back into an empty Redis. */
  readonly life: string;
  /** The number of the last change. */
  readonly changes: number;
}

/** What Redis has of an entry: its version, a digest of its document, and whether all that belongs to it is there. */
export interface Stamp {
  readonly version: number;
  readonly digest: string;
  readonly whole: boolean;
}

/** `flushed`: Redis knows of no registry (any more). `other`: it holds another one, whose id is given. */
export type Strange =
  { readonly answer: 'flushed' } | { readonly answer: 'other'; readonly registryId: string };

export type Inserted =
  | Strange
  | { readonly answer: 'done' | 'exists'; readonly row: Row }
  /** The id lives, or ended in the same or a later version. */
  | { readonly answer: 'taken' }
  /** What had to be there is not: Redis lost something. */
  | { readonly answer: 'behind' };

/** `changed`: it is in another version, given as it is now; undefined when there is nothing under the id. */
export type Replaced =
  | Strange
  | { readonly answer: 'done'; readonly row: Row }
  | { readonly answer: 'changed'; readonly row: Row | undefined };

type RawAnswer = readonly [string, ...unknown[]];

export class RegistryTable {
  readonly changesKey: string;
  readonly #connection: RedisConnection;
  readonly #keys: string[];
  readonly #base: string;
  #refusal: RegistryUnavailable | undefined;

  /** All keys have one hash tag, so that they are in one slot of a cluster. */
  constructor(connection: RedisConnection, prefix: string) {
    const key = (name: string) => `{${prefix}}:${name}`;
    this.#connection = connection;
    this.changesKey = key('changes');
    this.#keys = [key('registry'), key('subscriptions'), key('unique'), this.changesKey];
    this.#base = key('subscription:');
  }

  /** Why Redis takes no writes: set when it refused one, until it took one. */
  get refusal(): RegistryUnavailable | undefined {
    return this.#refusal;
  }

  /** Finds out whether it takes writes: see `refusal`. */
  async probe(registryId: string): Promise<void> {
    await this.#write(PROBE, registryId).catch(() => undefined);
  }

  async pulse(): Promise<Pulse> {
    const [id, life, changes] = (await this.#run(PULSE, '')) as [string, string, string];
    return { registryId: id === '' ? undefined : id, life, changes: Number(changes) };
  }

  /** The registry's id; `proposed` becomes it when there is none yet, which begins the given life. */
  async identify(proposed: string, life: string): Promise<string> {
    return (await this.#write(IDENTIFY, proposed, [life])) as string;
  }

  async ids(): Promise<string[]> {
    return this.#connection.call((client) => client.zRange(this.#keys[1] ?? '', 0, -1));
  }

  async compare(ids: readonly string[]): Promise<Map<string, Stamp>> {
    const stamps = new Map<string, Stamp>();
    for (const page of pagesOf(ids)) {
      const answers = (await this.#run(COMPARE, '', page)) as ([string, string, number] | [])[];
      for (const [i, [version, digest, whole]] of answers.entries()) {
        const id = page[i];
        if (id === undefined || version === undefined || digest === undefined) continue;
        stamps.set(id, { version: Number(version), digest, whole: whole === 1 });
      }
    }
    return stamps;
  }

  async read(ids: readonly string[]): Promise<Row[]> {
    const rows: Row[] = [];
    for (const page of pagesOf(ids)) {
      rows.push(...((await this.#run(READ, '', page)) as RawRow[]).map(rowOf));
    }
    return rows;
  }

  /** `present`: entries that Redis must know in the same version or a later one. */
  async insert(
    registryId: string,
    entry: RegistryEntry<Kept>,
    present: readonly RegistryEntry<Kept>[],
  ): Promise<Inserted> {
    const known = present.flatMap(({ id, version }) => [id, String(version)]);
    const answer = (await this.#write(INSERT, registryId, [...fieldsOf(entry), ...known])) as RawAnswer;
    const [word, detail] = answer;
    if (word === 'done') return { answer: word, row: { entry, seq: Number(detail) } };
    if (word === 'exists') return { answer: word, row: rowOf(detail as RawRow) };
    return word === 'taken' || word === 'behind' ? { answer: word } : strange(answer);
  }

  /** `entry` takes the place of version `replaces`. */
  async replace(registryId: string, entry: RegistryEntry<Kept>, replaces: number): Promise<Replaced> {
    const args = [...fieldsOf(entry), String(replaces)];
    const answer = (await this.#write(REPLACE, registryId, args)) as RawAnswer;
    const [word, detail] = answer;
    if (word === 'done') return { answer: word, row: { entry, seq: Number(detail) } };
    if (word === 'changed')
      return { answer: word, row: detail === undefined ? undefined : rowOf(detail as RawRow) };
    return strange(answer);
  }

  /** Writes what Redis does not have or has in a lower version; answers the rows with their places. */
  async restore(registryId: string, rows: readonly Row[]): Promise<Row[] | Strange> {
    const placed: Row[] = [];
    for (const page of pagesOf(rows)) {
      const args = page.flatMap(({ entry, seq }) => [...fieldsOf(entry), seq === undefined ? '' : `${seq}`]);
      const answer = (await this.#write(RESTORE, registryId, args)) as RawAnswer;
      if (answer[0] !== 'done') return strange(answer);
      const seqs = answer[1] as number[];
      placed.push(...page.map(({ entry }, i) => ({ entry, seq: seqs[i] })));
    }
    return placed;
  }

  async #write(script: string, registryId: string, args: readonly string[] = []): Promise<unknown> {
    try {
      const answer = await this.#run(script, registryId, args);
      this.#refusal = undefined;
      return answer;
    } catch (error) {
      if (error instanceof RegistryUnavailable && error.isRefusal) this.#refusal = error;
      throw error;
    }
  }

  #run(script: string, registryId: string, args: readonly string[] = []): Promise<unknown> {
    return this.#connection.call<unknown>((client) =>
      client.eval(script, { keys: this.#keys, arguments: [this.#base, registryId, ...args] }),
    );
  }
}

function strange([word, registryId]: RawAnswer): Strange {
  if (word === 'flushed') return { answer: word };
  return { answer: 'other', registryId: String(registryId) };
}

function pagesOf<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / PAGE) }, (_, i) => all.slice(i * PAGE, (i + 1) * PAGE));
}
