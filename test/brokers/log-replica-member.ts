import type { Partition, PartitionOwner } from '../../src/brokers/log/log.ts';
import { sleep } from '../../src/time.ts';
import type { ProcessClock } from './log-replica-clock.ts';
import { SESSION_MS, type Group } from './log-replica-group.ts';

/** The longest that an attempt takes. */
export const ATTEMPT_MS = 3_000;
const MARGIN_MS = 1_000;
const HEARTBEAT_MS = 1_000;
const ASSIGN_AGAIN_MS = 2_000;

/** Told when partitions come and go, before the engine is. */
export interface MemberObserver {
  assigned(partitions: readonly Partition[]): void;
  revoking(partitions: readonly Partition[]): void;
}

export interface MemberDeps {
  readonly id: string;
  readonly clock: ProcessClock;
  readonly random: () => number;
  readonly group: Group;
  readonly observer: MemberObserver;
}

/** One process's part in the group: as the Kafka driver's, without the wire. */
export class Member {
  /** The group is out of reach. */
  isCut = false;
  readonly #deps: MemberDeps;
  #owner: PartitionOwner | undefined;
  #owned: readonly Partition[] = [];
  #heardAt = -Infinity;
  #stays = 0;
  #stopped = false;
  #rejoin = false;
  #taken: () => void = () => undefined;
  readonly #first = new Promise<void>((resolve) => (this.#taken = resolve));

  constructor(deps: MemberDeps) {
    this.#deps = deps;
  }

  /** Resolves once the first part was taken over. */
  start(owner: PartitionOwner): Promise<void> {
    this.#owner = owner;
    void this.#run();
    return this.#first;
  }

  stop(): void {
    this.#stopped = true;
    this.#heardAt = -Infinity;
    if (!this.isCut) this.#deps.group.leave(this.#deps.id);
  }

  rejoin(): void {
    this.#rejoin = true;
  }

  holdsLease(): boolean {
    return this.#silence() < SESSION_MS - ATTEMPT_MS - MARGIN_MS;
  }

  #silence(): number {
    return this.#deps.clock.monotonic() - this.#heardAt;
  }

  async #run(): Promise<void> {
    const { id, clock, group, observer } = this.#deps;
    while (!this.#isStopped()) {
      if (this.#isAway()) {
        await sleep(clock, 100);
        continue;
      }
      this.#rejoin = false;
      const partitions = await group.join(id);
      await clock.running();
      if (this.#isStopped()) return group.leave(id);
      if (this.#isAway() || group.heartbeat(id) === 'unknown') continue;
      this.#owned = partitions;
      this.#heardAt = clock.monotonic();
      observer.assigned(partitions);
      void this.#takeOver(++this.#stays);
      const departure = await this.#stay();
      if (this.#isStopped()) return;
      if (departure === 'lost') this.#heardAt = -Infinity;
      observer.revoking(this.#owned);
      await this.#owner?.revoked(this.#owned, departure);
    }
  }

  async #takeOver(stay: number): Promise<void> {
    try {
      await this.#owner?.assigned(this.#owned);
      this.#taken();
    } catch {
      await sleep(this.#deps.clock, ASSIGN_AGAIN_MS);
      if (stay === this.#stays) this.#rejoin = true;
    }
  }

  async #stay(): Promise<'planned' | 'lost'> {
    const { id, clock, random, group } = this.#deps;
    for (;;) {
      // Not all hear of a rebalance at one moment.
      await sleep(clock, HEARTBEAT_MS * (0.5 + random() / 2));
      if (this.#stopped) return 'planned';
      if (this.#silence() >= SESSION_MS - MARGIN_MS) return 'lost';
      if (this.isCut) continue;
      const answer = group.heartbeat(id);
      if (answer === 'unknown') return 'lost';
      this.#heardAt = clock.monotonic();
      if (answer === 'rebalance' || this.#rejoin || group.isOutdated) return 'planned';
    }
  }

  #isStopped(): boolean {
    return this.#stopped;
  }

  #isAway(): boolean {
    return this.isCut;
  }
}
