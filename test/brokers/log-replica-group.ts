import type { Partition } from '../../src/brokers/log/log.ts';
import type { SimClock } from '../support/sim-clock.ts';
import type { Server } from './log-replica-server.ts';

/** A member that was silent for so long is no more. */
export const SESSION_MS = 10_000;
const LOOK_MS = 250;

interface Member {
  heardAt: number;
  /** It has let go of what it had, and waits for its part. */
  join: ((partitions: readonly Partition[]) => void) | undefined;
}

/**
 * Gives each partition to exactly one member. A rebalance waits until all members have let go, or are silent for too
 * long, as Kafka's classic protocol does.
 */
export class Group {
  readonly #clock: SimClock;
  readonly #random: () => number;
  readonly #server: Server;
  readonly #members = new Map<string, Member>();
  readonly #owners = new Map<number, string>();
  #isSharing = false;
  #shared = '';

  constructor(clock: SimClock, random: () => number, server: Server) {
    this.#clock = clock;
    this.#random = random;
    this.#server = server;
    this.#look();
  }

  /** Is there something that was not given out? */
  get isOutdated(): boolean {
    return this.#shared !== this.#server.fingerprint();
  }

  /** Are these its members, and no others, each with its part? */
  isSettled(ids: readonly string[]): boolean {
    const isComplete = ids.length === this.#members.size && ids.every((id) => this.#members.has(id));
    return isComplete && !this.#isSharing && !this.isOutdated;
  }

  ownerOf(partition: number): string | undefined {
    return this.#owners.get(partition);
  }

  join(id: string): Promise<readonly Partition[]> {
    this.#isSharing = true;
    return new Promise((join) => {
      this.#members.set(id, { heardAt: this.#clock.monotonic(), join });
      this.#shareOut();
    });
  }

  heartbeat(id: string): 'fine' | 'rebalance' | 'unknown' {
    const member = this.#members.get(id);
    if (!member) return 'unknown';
    member.heardAt = this.#clock.monotonic();
    return this.#isSharing ? 'rebalance' : 'fine';
  }

  leave(id: string): void {
    this.#remove(id);
    this.#shareOut();
  }

  #look(): void {
    this.#clock.after(LOOK_MS, () => {
      const now = this.#clock.monotonic();
      for (const [id, { heardAt, join }] of [...this.#members]) {
        if (!join && now - heardAt >= SESSION_MS) this.#remove(id);
      }
      this.#shareOut();
      this.#look();
    });
  }

  #remove(id: string): void {
    if (!this.#members.delete(id)) return;
    this.#isSharing = true;
    for (const [partition, owner] of this.#owners) if (owner === id) this.#owners.delete(partition);
  }

  /** Once everybody is there. */
  #shareOut(): void {
    const members = [...this.#members.values()];
    if (!this.#isSharing || members.length === 0 || members.some(({ join }) => !join)) return;
    this.#isSharing = false;
    const ids = [...this.#members.keys()];
    const sources = this.#server.partitions();
    this.#shared = this.#server.fingerprint();
    for (const { partition } of sources) {
      const former = this.#owners.get(partition);
      if (former !== undefined && this.#members.has(former) && this.#random() < 0.5) continue;
      this.#owners.set(partition, ids[Math.floor(this.#random() * ids.length)]!);
    }
    for (const [id, member] of this.#members) {
      const { join } = member;
      Object.assign(member, { join: undefined, heardAt: this.#clock.monotonic() });
      join?.(sources.filter(({ partition }) => this.#owners.get(partition) === id));
    }
  }
}
