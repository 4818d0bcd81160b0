import type { Logger } from '../../../logger.ts';
import { sleep, type Clock } from '../../../time.ts';
import {
  decodeAssignment,
  decodeMember,
  encodeMember,
  NOTHING,
  shareOut,
  type MemberData,
} from './assignment.ts';
import { Complaints } from './complaints.ts';
import type { Cluster } from '../wire/cluster.ts';
import type { Coordinators } from '../wire/coordinators.ts';
import {
  FENCED_INSTANCE_ID,
  ILLEGAL_GENERATION,
  MEMBER_ID_REQUIRED,
  NONE,
  REBALANCE_IN_PROGRESS,
  UNKNOWN_MEMBER_ID,
  nameOf,
} from '../wire/error-codes.ts';
import type { Place } from '../reading/fetch.ts';
import type { FormerMember } from './former-member.ts';
import { GroupRequests } from './group-requests.ts';
import { Lease, Stay, type LeaseTimes } from '../../lease.ts';
import { reasonOf, type Node, type Wire } from '../wire/wire.ts';

const HEARTBEAT_MS = 1_000;
const RETRY_MS = 250;
const ASSIGN_AGAIN_MS = 2_000;
const LEAVING_MS = 2_000;
const NO_COORDINATOR = 'the group has no coordinator';

/** How partitions are let go: in agreement with the group, or because it may have given them away already. */
export type Departure = 'planned' | 'lost';

export interface MembershipDeps extends LeaseTimes {
  readonly wire: Wire;
  readonly cluster: Cluster;
  readonly coordinators: Coordinators;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly group: string;
  /** What this process was before it was killed; it is dead for sure. */
  readonly former?: FormerMember | undefined;
  /** All partitions that the group shares, as they are now. */
  sources(): Place[];
  /** Changes with them. */
  fingerprint(): string;
  /** Names the subscriptions that this process knows. */
  registry(): string;
  assigned(partitions: readonly Place[]): Promise<void>;
  /** The group goes on only once it resolves. */
  revoked(partitions: readonly Place[], how: Departure): Promise<void>;
}

/**
 * Membership of the group that shares the partitions: the classic protocol, because its rebalances wait for the members
 * (KIP-848 gives partitions away while their former owner is still at work). Never ends by itself: whatever goes wrong,
 * it lets go of what it has when the lease is over, and joins again.
 */
export class Membership {
  readonly lease: Lease;
  readonly #deps: MembershipDeps;
  readonly #requests: GroupRequests;
  readonly #complaints: Complaints;
  #memberId = '';
  #generation = -1;
  #assignment = NOTHING;
  #joinedAs: string | undefined;
  #coordinator: Node | undefined;
  #stopped = false;
  #buried = false;
  #rejoin = false;
  #wake: () => void = () => undefined;
  #running: Promise<void> = Promise.resolve();
  /** Why this process is in no group now; undefined while it is, or is just joining. */
  problem: string | undefined;

  constructor(deps: MembershipDeps) {
    this.#deps = deps;
    this.lease = new Lease(deps.clock, deps);
    this.#complaints = new Complaints(deps);
    this.#requests = new GroupRequests(deps.wire, deps.group, deps.sessionTimeoutMs);
  }

  get generation(): number {
    return this.#generation;
  }

  /** The fingerprint of the sources as they were shared out. */
  get sources(): string {
    return this.#assignment.sources;
  }

  /** The registries of all members; more than one must not be. */
  get registries(): readonly string[] {
    return this.#assignment.registries;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Do the other members have to hear that this process knows other subscriptions by now (RULES 1)? */
  isOutdated(): boolean {
    return this.#assignment.members > 1 && this.#deps.registry() !== this.#joinedAs;
  }

  /** What the group shares has changed, or what this process knows. */
  rejoin(): void {
    this.#rejoin = true;
    this.#wake();
  }

  /**
   * Leaves, so that the others take over at once. What it had is not revoked: the caller has let go of it. A join that
   * is under way has a little time to end, so that it leaves no member behind.
   */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    this.lease.end();
    await this.#leave();
    await Promise.race([this.#running, sleep(this.#deps.clock, LEAVING_MS)]);
  }

  async #run(): Promise<void> {
    while (!this.#isOver()) {
      const problem = await this.#join().catch(reasonOf);
      if (this.#isOver()) break;
      if (problem !== undefined) {
        await this.#failed(problem);
        continue;
      }
      const { partitions } = this.#assignment;
      void this.#takeOver(partitions);
      const departure = await this.#stay();
      if (this.#isOver()) break;
      if (departure === 'lost') this.lease.end();
      await this.#deps.revoked(partitions, departure).catch((error: unknown) => {
        this.#deps.logger.error({ error: reasonOf(error) }, 'partitions.revocation-failed');
      });
    }
    await this.#leave();
  }

  /** An owner that cannot take the partitions over is given them anew, after a pause: the whole group has to join again. */
  async #takeOver(partitions: readonly Place[]): Promise<void> {
    const generation = this.#generation;
    try {
      await this.#deps.assigned(partitions);
    } catch (error) {
      this.#deps.logger.error({ error: reasonOf(error) }, 'partitions.assignment-failed');
      await sleep(this.#deps.clock, ASSIGN_AGAIN_MS);
      if (generation === this.#generation) this.rejoin();
    }
  }

  async #leave(): Promise<void> {
    const memberId = this.#memberId;
    if (!this.#coordinator || memberId === '') return;
    this.#memberId = '';
    await this.#requests.leave(this.#coordinator, memberId);
  }

  async #failed(problem: string): Promise<void> {
    if (problem !== AGAIN) {
      this.problem = problem;
      this.#deps.coordinators.forget([this.#deps.group]);
      await this.#complaints.met(problem, 'group.not-joined');
    }
    await sleep(this.#deps.clock, problem === AGAIN ? 0 : RETRY_MS);
  }

  /** Undefined once this process has its part; else why not. */
  async #join(): Promise<string | undefined> {
    const { cluster, coordinators, group } = this.#deps;
    this.#rejoin = false;
    await cluster.refresh();
    const [found] = await coordinators.of([group]);
    if (!found) return coordinators.problem ?? NO_COORDINATOR;
    if (this.#isOver()) return AGAIN;
    const { node } = found;
    this.#coordinator = node;
    await this.#bury(node);
    const data: MemberData = { owned: this.#assignment.partitions, registry: this.#deps.registry() };
    this.#joinedAs = data.registry;
    const topics = [...new Set(this.#deps.sources().map(({ topic }) => topic))];
    const joined = await this.#requests.join(node, this.#memberId, encodeMember(topics, data));
    if (joined.errorCode === UNKNOWN_MEMBER_ID || joined.errorCode === FENCED_INSTANCE_ID)
      this.#memberId = '';
    if (joined.errorCode === MEMBER_ID_REQUIRED) {
      this.#become(joined.memberId);
      return AGAIN;
    }
    if (joined.errorCode !== NONE) return `joining was refused: ${nameOf(joined.errorCode)}`;
    this.#become(joined.memberId);
    const isLeader = joined.leader === joined.memberId;
    const members = joined.members.map(({ memberId, metadata }) => decodeMember(memberId, metadata));
    const assignments = isLeader ? shareOut(members, this.#deps.sources(), this.#deps.fingerprint()) : [];
    if (this.#isOver()) return AGAIN;
    const sentAt = this.lease.now();
    const synced = await this.#requests.sync(node, joined, assignments);
    if (synced.errorCode === REBALANCE_IN_PROGRESS) return AGAIN;
    if (synced.errorCode !== NONE) return `the partitions were not given out: ${nameOf(synced.errorCode)}`;
    this.#generation = joined.generationId;
    this.#assignment = decodeAssignment(synced.assignment);
    // Of what the leader knows a follower may not have heard yet.
    await cluster.refresh();
    this.lease.renew(sentAt);
    this.problem = undefined;
    this.#complaints.over();
    const { partitions } = this.#assignment;
    this.#deps.logger.info(
      { group, generation: this.#generation, partitions: partitions.length },
      'group.joined',
    );
    return undefined;
  }

  #become(memberId: string): void {
    if (memberId !== this.#memberId) this.#deps.former?.save(memberId);
    this.#memberId = memberId;
  }

  /** The group need not wait until it misses the member that this process was before. */
  async #bury(node: Node): Promise<void> {
    if (this.#buried) return;
    this.#buried = true;
    const memberId = this.#deps.former?.load();
    if (memberId !== undefined) await this.#requests.leave(node, memberId);
  }

  /** Until the partitions have to be let go. */
  async #stay(): Promise<Departure> {
    const stay = new Stay();
    const departure = await Promise.race([this.#beat(stay), this.#untilLeaseIsOver(stay)]);
    stay.end();
    return departure;
  }

  /** A node that takes a request and does not answer must not hold up the end of the lease. */
  async #untilLeaseIsOver(stay: Stay): Promise<Departure> {
    while (!stay.isOver() && !this.lease.isOver()) await sleep(this.#deps.clock, this.lease.remainingMs);
    return 'lost';
  }

  /** Tells the group again and again that we are there. */
  async #beat(stay: Stay): Promise<Departure> {
    let pause = HEARTBEAT_MS;
    for (;;) {
      await this.#rest(pause);
      if (this.#rejoin || this.#isOver()) return 'planned';
      const sentAt = this.lease.now();
      try {
        const errorCode = await this.#heartbeat();
        if (stay.isOver()) return 'lost';
        if (errorCode === REBALANCE_IN_PROGRESS) return 'planned';
        if (errorCode === UNKNOWN_MEMBER_ID || errorCode === FENCED_INSTANCE_ID) this.#memberId = '';
        if (this.#memberId === '' || errorCode === ILLEGAL_GENERATION) return 'lost';
        if (errorCode !== NONE) throw new Error(nameOf(errorCode));
        this.lease.renew(sentAt);
        this.problem = undefined;
        this.#complaints.over();
        pause = HEARTBEAT_MS;
      } catch (error) {
        if (stay.isOver()) return 'lost';
        pause = RETRY_MS;
        this.problem = `the group does not answer: ${reasonOf(error)}`;
        this.#deps.coordinators.forget([this.#deps.group]);
        await this.#complaints.met(reasonOf(error), 'group.silent');
        if (stay.isOver()) return 'lost';
      }
    }
  }

  async #heartbeat(): Promise<number> {
    const { coordinators, group } = this.#deps;
    const [found] = await coordinators.of([group]);
    if (!found) throw new Error(coordinators.problem ?? NO_COORDINATOR);
    this.#coordinator = found.node;
    return this.#requests.heartbeat(found.node, this.#memberId, this.#generation);
  }

  #isOver(): boolean {
    return this.#stopped;
  }

  /** Waits, but not when there is news. */
  async #rest(ms: number): Promise<void> {
    if (this.#rejoin || this.#stopped) return;
    await new Promise<void>((resolve) => {
      const timer = this.#deps.clock.after(ms, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}

/** Joining is to be tried again at once. */
const AGAIN = 'again';
