import type { Delivery } from '../../src/brokers/broker.ts';
import type { TestOutlet } from '../contracts/broker-outlet.ts';
import { Stage } from '../contracts/broker-stage.ts';
import type { LogHistory, Step } from './log-arbitrary.ts';
import { LogSite } from './log-site.ts';

/** A subscription over all its processes. */
interface Player {
  readonly id: string;
  outlet: TestOutlet;
  /** Deliveries that it holds now, and has not settled. */
  held: Set<Delivery>;
  /** How many offers of `outlet` it has taken note of, live ones and replays. */
  seen: number;
  seenAgain: number;
  /** Places that a replay owes it, and those that it settled as a replay. */
  readonly owedAgain: Set<string>;
  readonly replayed: Set<string>;
  /** Places of what it settled in any process. */
  readonly settled: Set<string>;
  /** What was durably settled when this process began: it must not come again. */
  done: Set<string>;
  readonly attempts: Map<string, number>;
  readonly startedAt: readonly number[];
}

/** Plays one history; `problems` says in words what was not as promised. */
export class LogPlay {
  readonly problems: string[] = [];
  readonly #history: LogHistory;
  readonly #site: LogSite;
  readonly #stage: Stage;
  readonly #players: Player[] = [];
  #published = 0;
  #attached = 0;
  #reads = 0;
  #asked = 0;
  #evictsAgainAt = 0;

  constructor(history: LogHistory) {
    this.#history = history;
    this.#site = new LogSite({
      ...{ partitions: history.partitions, capacity: history.capacity },
      commits: { minIntervalMs: 10, perSecond: 200 },
    });
    const { latencies } = history;
    this.#site.faults.latency = () => latencies[this.#reads++ % latencies.length] ?? 0;
    this.#stage = new Stage(this.#site);
  }

  async run(): Promise<string[]> {
    await this.#finish(this.#stage.start());
    for (const given of [10, 0, 3]) await this.#attach(given);
    for (const one of this.#history.steps) {
      await this.#do(one);
      this.#look();
    }
    await this.#end();
    this.problems.push(...this.#stage.breaches);
    await this.#site.cleanup();
    return this.problems;
  }

  async #do(given: Step): Promise<void> {
    const player =
      'which' in given ? this.#players[given.which % Math.max(1, this.#players.length)] : undefined;
    switch (given.do) {
      case 'publish':
        return this.#publish(given.count, given.to);
      case 'attach':
        return this.#attach(given.room);
      case 'fail':
        this.#site.commitsFail = given.commits;
        return;
      case 'pass':
        return this.#site.clock.advance(given.ms);
      case 'crash':
        return this.#crash();
      case 'give':
        return player?.outlet.give(given.room);
      case 'replay':
        return player && this.#replay(player);
      case 'detach':
        return player && this.#detach(player);
      case 'settle':
      case 'attempt':
      case 'evict': {
        if (!player) return;
        const chosen = [...player.held].filter((_, i) => i % given.part === 0);
        for (const delivery of chosen) this.#touch(player, delivery, given.do);
      }
    }
  }

  #touch(player: Player, delivery: Delivery, how: 'settle' | 'attempt' | 'evict'): void {
    if (how === 'attempt') {
      delivery.attempts++;
      if (!delivery.replay) player.attempts.set(placeOf(delivery), delivery.attempts);
      delivery.feed.attempted(delivery);
      return;
    }
    player.held.delete(delivery);
    if (how === 'evict') {
      player.outlet.evict(delivery);
      return;
    }
    (delivery.replay ? player.replayed : player.settled).add(placeOf(delivery));
    player.outlet.settle(delivery);
  }

  async #publish(count: number, to: number | undefined): Promise<void> {
    const only = to === undefined ? undefined : this.#players[to % Math.max(1, this.#players.length)]?.id;
    for (let i = 0; i < count; i++) {
      const number = this.#published++;
      await this.#stage.publish(`e${number}`, {
        key: `k${number % 7}`,
        ...(only !== undefined && { to: [only] }),
      });
    }
  }

  async #attach(roomGiven: number): Promise<void> {
    if (this.#players.length >= 6) return;
    const id = `s${this.#attached++}`;
    const given = { room: roomGiven, settles: false };
    while (!(await this.#finish(this.#stage.attach(id, 'new', given)))) this.#site.commitsFail = false;
    this.#players.push({
      ...{ id, outlet: this.#stage.outlet(id), held: new Set(), seen: 0, settled: new Set() },
      ...{ seenAgain: 0, owedAgain: new Set(), replayed: new Set() },
      ...{ done: new Set(), attempts: new Map() },
      startedAt: this.#site.storage.partitions.map(({ start, records }) => start + records.length),
    });
    this.#evictsWhenFull(this.#players.at(-1)!);
  }

  /** As when memory is short: now and then, who finds no room takes it from somebody else. */
  #evictsWhenFull(player: Player): void {
    player.outlet.whenFull = () => {
      // Not twice at a time, or two of them would take it from each other without end.
      if (++this.#asked % 3 !== 0 || this.#site.clock.now() < this.#evictsAgainAt) return;
      this.#evictsAgainAt = this.#site.clock.now() + 100;
      this.#look();
      const other = this.#players.reduce((most, one) => (one.held.size > most.held.size ? one : most));
      if (other === player || !this.#history.evictions) return;
      for (const delivery of [...other.held]) this.#touch(other, delivery, 'evict');
      player.outlet.take(3);
    };
  }

  async #detach(player: Player): Promise<void> {
    this.#players.splice(this.#players.indexOf(player), 1);
    await this.#finish(this.#stage.detach(player.id));
    const before = player.outlet.offered.length;
    await this.#site.clock.advance(20);
    if (player.outlet.offered.length > before) this.problems.push(`${player.id} was fed after detach`);
  }

  async #replay(player: Player): Promise<void> {
    const owed = this.#places(player, () => 0);
    const asked = this.#stage.replay(player.id, { from: { time: '2000-01-01T00:00:00Z' } });
    if (await this.#finish(asked)) for (const place of owed) player.owedAgain.add(place);
  }

  async #crash(): Promise<void> {
    for (const player of this.#players) {
      player.done = new Set([...player.settled].filter((place) => this.#isDurable(player, place)));
    }
    await this.#finish(this.#stage.crash());
    for (const player of this.#players) {
      await this.#finish(this.#stage.attach(player.id, 'known', { room: 5, settles: false }));
      const outlet = this.#stage.outlet(player.id);
      Object.assign(player, { outlet, held: new Set(), seen: 0, seenAgain: 0 });
      this.#evictsWhenFull(player);
    }
  }

  /** Takes note of what was offered since the last look. */
  #look(): void {
    for (const player of this.#players) {
      for (const delivery of player.outlet.offered.slice(player.seen)) {
        const place = placeOf(delivery);
        player.held.add(delivery);
        if (player.done.has(place))
          this.problems.push(`${player.id}: ${place} came again after it was durable`);
        const known = player.attempts.get(place) ?? 0;
        if (delivery.attempts > known)
          this.problems.push(`${player.id}: ${place} has attempts that never were`);
      }
      player.seen = player.outlet.offered.length;
      for (const delivery of player.outlet.replayed.slice(player.seenAgain)) player.held.add(delivery);
      player.seenAgain = player.outlet.replayed.length;
    }
  }

  /**
   * Every second player gets all the room there is and settles at once; the others get nothing: those with room must
   * get all they are owed. Then the others too. It counts what is durable.
   */
  async #end(): Promise<void> {
    this.#site.commitsFail = false;
    const lucky = this.#players.filter((_, i) => i % 2 === 0);
    for (const [players, what] of [
      [lucky, 'the others had no room'],
      [this.#players, 'all had room'],
    ] as const) {
      const done = (): boolean => {
        this.#takeAll(players);
        return players.every((player) => this.#hasAll(player));
      };
      await this.#until(done, `not everything was delivered while ${what}`);
    }
    // Of two replays of one place the first gives all that is owed: the second may come only now.
    const over = (): boolean => {
      this.#takeAll(this.#players);
      return this.#site.storage.jobs.size === 0;
    };
    await this.#until(over, 'a replay does not end');
  }

  #takeAll(players: readonly Player[]): void {
    this.#look();
    for (const player of players) {
      player.outlet.give(100);
      for (const delivery of player.held) this.#touch(player, delivery, 'settle');
    }
  }

  #hasAll(player: Player): boolean {
    const owed = this.#places(player, (partition) => player.startedAt[partition] ?? 0);
    const owedAgain = [...player.owedAgain];
    return (
      owed.every((place) => this.#isDurable(player, place)) &&
      owedAgain.every((place) => player.replayed.has(place))
    );
  }

  /** Of the records for a player, from an offset of each partition on. */
  #places(player: Player, from: (partition: number) => number): string[] {
    return this.#site.storage.partitions.flatMap(({ partition, records }) =>
      records
        .slice(from(partition))
        .filter(({ headers: { to } }) => to === undefined || to === player.id)
        .map(({ source }) => `${source.partition}:${source.offset}`),
    );
  }

  #isDurable({ id }: Player, place: string): boolean {
    const [partition = 0, offset = 0] = place.split(':').map(Number);
    const stored = this.#site.position(id, partition);
    return stored !== undefined && offset < stored.next && !stored.holes.some(([hole]) => hole === offset);
  }

  async #until(done: () => boolean, what: string): Promise<void> {
    for (let i = 0; i < 2_000; i++) {
      if (done()) return;
      await this.#site.clock.advance(i < 100 ? 5 : 100);
    }
    const status = this.#players.map(({ id }) => [id, this.#stage.broker.status(id)]);
    this.problems.push(`${what}: ${JSON.stringify(status)}`);
  }

  /** Lets simulated time pass until the promise settles; false when it was rejected. */
  async #finish(promise: Promise<unknown>): Promise<boolean> {
    let succeeded: boolean | undefined;
    promise.then(
      () => (succeeded = true),
      () => (succeeded = false),
    );
    await this.#site.clock.until(() => succeeded !== undefined, 60_000);
    return succeeded ?? false;
  }
}

function placeOf({ record: { source } }: Delivery): string {
  return `${source.partition}:${source.offset}`;
}
