import type { Logger } from '../../logger.ts';
import type { CompactedTopic, Table } from './compacted-topic.ts';
import type { KeyedRecord } from './topic-access.ts';

export interface ClaimsOptions {
  /** The keys begin with it. */
  readonly prefix: string;
  /** Ids that are unique among all replicas, without `#`. */
  readonly newId: () => string;
  readonly logger: Logger;
}

interface Claim<T> {
  readonly offset: number;
  readonly value: T;
  /** Others were there when it came: its writer takes it back, or died before it could. */
  readonly isBehind: boolean;
}

const SEPARATOR = '#';

/**
 * Which of several replicas was first to say something: the arbiter where two of them make the same thing at the same
 * moment. Values are JSON.
 *
 * Each writes its claim to a name under a key of its own, `{prefix}{name}#{id of the claim}`; of the claims that are
 * there, the one with the lowest offset stands. Whoever sees its own claim come behind another's takes it back and
 * goes by the other's. With one key for all, compaction would keep the last claim: the one that lost. Keys of their
 * own make the answer a property of what compaction keeps, so that whoever reads, whenever, gets the same one; and a
 * process that dies with a claim not taken back does no harm, because a claim behind another does not count.
 *
 * The topic must have one partition: in several, "before" means nothing. And its records must stay a while before
 * they are compacted (`min.compaction.lag.ms`), longer than a replica that runs is ever behind: whether a claim came
 * behind another is judged where it stands in the log.
 */
export class Claims<T> implements Table {
  readonly #topic: CompactedTopic;
  readonly #options: ClaimsOptions;
  /** By name, by the claim's id, in the order of their offsets. */
  readonly #claims = new Map<string, Map<string, Claim<T>>>();
  /** What stood when the claim that this process waits for was seen. */
  readonly #verdicts = new Map<string, Claim<T> | undefined>();

  constructor(topic: CompactedTopic, options: ClaimsOptions) {
    this.#topic = topic;
    this.#options = options;
    topic.keep(options.prefix, this);
  }

  standing(name: string): T | undefined {
    return this.#first(name)?.value;
  }

  names(): string[] {
    return [...this.#claims.keys()];
  }

  /**
   * Claims the name with this value unless it is claimed; answers what stands, durably. After a rejection the claim
   * may stand or not: claiming again tells, and then answers the former one as another's.
   */
  async claim(name: string, value: T): Promise<{ value: T; isOwn: boolean }> {
    // Written even where one stands already: only the log knows whether it still does.
    const id = this.#options.newId();
    const key = this.#keyOf(name, id);
    this.#verdicts.set(id, undefined);
    try {
      const { offset } = await this.#topic.put(key, Buffer.from(JSON.stringify(value)));
      const verdict = this.#verdicts.get(id);
      // It was given up by `release`, and compacted away, before it was seen here.
      if (!verdict) return await this.claim(name, value);
      if (verdict.offset === offset) return { value, isOwn: true };
      await this.#takeBack(key);
      return { value: verdict.value, isOwn: false };
    } finally {
      this.#verdicts.delete(id);
    }
  }

  /** Gives up the name, whoever claimed it. Resolves once that is durable; a claim made after that stands. */
  async release(name: string): Promise<void> {
    // A claim that was answered to another replica a moment ago may not be known here yet.
    await this.#topic.upToDate();
    let claims = this.#claimsOf(name);
    while (claims.length > 0) {
      await Promise.all(claims.map(([id]) => this.#topic.put(this.#keyOf(name, id), null)));
      // One that came behind those would stand now, until its writer takes it back, and others would go by it.
      claims = this.#claimsOf(name).filter(([, { isBehind }]) => isBehind);
    }
  }

  changed(key: string, record: KeyedRecord): void {
    const at = key.lastIndexOf(SEPARATOR);
    const name = key.slice(0, at);
    const id = key.slice(at + 1);
    if (at < 0 || this.#claims.get(name)?.get(id)?.offset === record.offset) return;
    this.#drop(name, id);
    if (!record.value) return;
    const value = this.#parse(key, record.value);
    if (value === undefined) return;
    const claims = this.#claims.get(name) ?? new Map<string, Claim<T>>();
    this.#claims.set(name, claims.set(id, { offset: record.offset, value, isBehind: claims.size > 0 }));
    if (this.#verdicts.has(id)) this.#verdicts.set(id, this.#first(name));
  }

  startedOver(_partition: number, present: ReadonlySet<string>): void {
    const lost: [string, Uint8Array][] = [];
    for (const [name, claims] of this.#claims) {
      for (const [id, { value }] of claims) {
        if (present.has(`${name}${SEPARATOR}${id}`)) continue;
        lost.push([this.#keyOf(name, id), Buffer.from(JSON.stringify(value))]);
      }
    }
    this.#topic.writeBack(lost);
  }

  #first(name: string): Claim<T> | undefined {
    return this.#claims.get(name)?.values().next().value;
  }

  #claimsOf(name: string): [id: string, claim: Claim<T>][] {
    return [...(this.#claims.get(name) ?? [])];
  }

  #drop(name: string, id: string): void {
    const claims = this.#claims.get(name);
    claims?.delete(id);
    if (claims?.size === 0) this.#claims.delete(name);
  }

  async #takeBack(key: string): Promise<void> {
    await this.#topic.put(key, null).catch((error: unknown) => {
      this.#options.logger.warn({ key, reason: String(error) }, 'claim.not-taken-back');
    });
  }

  #parse(key: string, value: Uint8Array): T | undefined {
    try {
      return JSON.parse(Buffer.from(value).toString()) as T;
    } catch (error) {
      this.#options.logger.error({ key, reason: String(error) }, 'claim.unreadable');
      return undefined;
    }
  }

  #keyOf(name: string, id: string): string {
    return `${this.#options.prefix}${name}${SEPARATOR}${id}`;
  }
}
