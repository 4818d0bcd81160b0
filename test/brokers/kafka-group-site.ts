import { Cluster } from '../../src/brokers/kafka/wire/cluster.ts';
import { Coordinators } from '../../src/brokers/kafka/wire/coordinators.ts';
import type { Place } from '../../src/brokers/kafka/reading/fetch.ts';
import { Membership, type Departure } from '../../src/brokers/kafka/group/membership.ts';
import { silentLogger } from '../../src/logger.ts';
import { FakeCluster, FakeWire } from '../support/fake-wire.ts';
import { SimClock } from '../support/sim-clock.ts';
import { FakeGroup } from './kafka-group.ts';

export const SESSION_MS = 10_000;
export const ATTEMPT_MS = 2_000;

/** Gateways that share the partitions of the topic `a` through one group, each with a wire of its own. */
export class GroupSite {
  readonly clock = new SimClock();
  readonly cluster: FakeCluster;
  readonly group: FakeGroup;
  readonly all: Gateway[] = [];

  constructor({ partitions = 4, nodes = 1 } = {}) {
    this.cluster = new FakeCluster(this.clock, nodes);
    this.cluster.makeTopic('a', new Array<number>(partitions).fill(1));
    this.group = new FakeGroup(this.cluster, this.clock);
  }

  /** `former`: what a gateway that was killed remembers of itself. */
  gateway({ former }: { former?: string | undefined } = {}): Gateway {
    const gateway = new Gateway(this, `g${this.all.length + 1}`, former);
    this.all.push(gateway);
    return gateway;
  }

  /** One that has its partitions. */
  async joined(): Promise<Gateway> {
    const gateway = this.gateway();
    gateway.start();
    await this.until(() => gateway.holds.length > 0);
    return gateway;
  }

  until(done: () => boolean, limitMs = 60_000): Promise<void> {
    return this.clock.until(done, limitMs);
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map((gateway) => gateway.close()));
  }
}

/** One membership, and the owner of its partitions, who notes what it is told. */
export class Gateway {
  readonly name: string;
  readonly wire: FakeWire;
  readonly membership: Membership;
  /** As `assigned a:0 a:1`, and `let go planned` once that is done. */
  readonly told: string[] = [];
  /** What it has, from `assigned` until `revoked` is done. */
  holds: string[] = [];
  /** Monotonic milliseconds. */
  heldSince = 0;
  registry = 'one';
  /** Under which name it is known in the group, as it stays on its disk. */
  remembered: string | undefined;
  assigning: () => Promise<void> = () => Promise.resolve();
  revoking: (how: Departure) => Promise<void> = () => Promise.resolve();
  /** As `group.not-joined: the reason`. */
  readonly warnings: string[] = [];
  /** Two calls to the owner that must not have come one upon the other. */
  readonly breaches: string[] = [];
  readonly #site: GroupSite;
  #isRevoking = false;
  #stopped = false;

  constructor(site: GroupSite, name: string, former: string | undefined) {
    this.remembered = former;
    this.#site = site;
    this.name = name;
    const { clock } = site;
    this.wire = new FakeWire(clock, { cluster: site.cluster, sessionTimeoutMs: SESSION_MS });
    const cluster = new Cluster(this.wire, clock, silentLogger);
    cluster.want(['a']);
    const warn = (fields: { reason?: string }, message: string) =>
      void this.warnings.push(`${message}: ${fields.reason}`);
    this.membership = new Membership({
      ...{ wire: this.wire, cluster, coordinators: new Coordinators(this.wire, cluster) },
      ...{ clock, logger: { ...silentLogger, warn }, group: 'tmf-hub' },
      ...{ sessionTimeoutMs: SESSION_MS, attemptTimeoutMs: ATTEMPT_MS },
      sources: () =>
        [...cluster.topics.values()].flatMap(({ name: topic, leaders }) =>
          leaders.map((_, partition) => ({ topic, partition })),
        ),
      fingerprint: () => cluster.topics.get('a')?.leaders.length.toString() ?? '',
      registry: () => this.registry,
      former: { load: () => this.remembered, save: (memberId) => (this.remembered = memberId) },
      assigned: (places) => this.#assigned(places),
      revoked: (places, how) => this.#revoked(places, how),
    });
  }

  /** As the engine has it: from the moment of being told to let go nothing is begun. */
  get mayAttempt(): boolean {
    return this.holds.length > 0 && !this.#isRevoking && this.membership.lease.holds();
  }

  start(): void {
    this.membership.start();
  }

  async close(): Promise<void> {
    this.#stopped = true;
    this.holds = [];
    const stopped = this.membership.stop();
    let isOver = false;
    void stopped.then(() => (isOver = true));
    await this.#site.until(() => isOver);
  }

  async #assigned(places: readonly Place[]): Promise<void> {
    if (this.#isRevoking) this.breaches.push('assigned while the partitions from before were being let go');
    if (this.holds.length > 0) this.breaches.push('assigned what had not been let go');
    if (this.#stopped) return void this.breaches.push('assigned after the stop');
    this.holds = places.map(({ topic, partition }) => `${topic}:${partition}`).toSorted();
    this.heldSince = this.#site.clock.monotonic();
    this.told.push(['assigned', ...this.holds].join(' '));
    await this.assigning();
  }

  async #revoked(places: readonly Place[], how: Departure): Promise<void> {
    const revoked = places.map(({ topic, partition }) => `${topic}:${partition}`).toSorted();
    if (this.#isRevoking) this.breaches.push('told twice to let go');
    if (String(revoked) !== String(this.holds)) this.breaches.push('told to let go of what it does not have');
    if (this.#stopped) this.breaches.push('told to let go after the stop');
    this.#isRevoking = true;
    try {
      await this.revoking(how);
    } finally {
      this.#isRevoking = false;
      this.holds = [];
      this.told.push(`let go ${how}`);
    }
  }
}
