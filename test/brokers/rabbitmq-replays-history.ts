import { sleep } from '../../src/time.ts';
import type { ReplayHistory, Step } from './rabbitmq-replays-arbitrary.ts';
import { ReplayJudge } from './rabbitmq-replays-judge.ts';
import { HistoryOutlet } from './rabbitmq-replays-outlet.ts';
import { ReplaySite, type ReplicaSite } from './rabbitmq-replays-site.ts';

/** One place for a process, and the process that runs there. */
interface Slot {
  replica: ReplicaSite;
  readonly outlets: Map<string, HistoryOutlet>;
  /** The subscriptions that it believes to serve. */
  readonly serves: Set<string>;
}

type At<Kind extends Step['do']> = Extract<Step, { do: Kind }>;

/** Plays one history; `problems` says in words what was not as promised. */
export class ReplayPlay {
  readonly #history: ReplayHistory;
  readonly #site = new ReplaySite();
  readonly #judge: ReplayJudge;
  readonly #slots: Slot[] = [];
  readonly #owners = new Map<string, number>();
  readonly #turns = { latencies: 0, hearing: 0, work: 0 };
  #subscriptions = ['s0', 's1', 's2'];
  #made = 3;
  #asked = 0;
  #evictsAgainAt = 0;
  #lastStamp = 0;

  constructor(history: ReplayHistory) {
    this.#history = history;
    this.#judge = new ReplayJudge(this.#site, history.isCalm);
  }

  async run(): Promise<string[]> {
    this.#subscriptions.forEach((id, i) => this.#owners.set(id, i % 2));
    for (const number of [0, 1]) this.#slots.push(await this.#slot(number));
    for (const step of this.#history.steps) {
      await this.#do(step);
      this.#look();
    }
    await this.#end();
    await this.#site.close();
    return this.#judge.problems;
  }

  async #do(step: Step): Promise<void> {
    switch (step.do) {
      case 'publish':
        return this.#publish(step);
      case 'replay':
        return this.#replay(step);
      case 'flip':
        return this.#flip(this.#idOf(step), 1 - this.#owners.get(this.#idOf(step))!);
      case 'detach':
        return this.#detach(this.#idOf(step));
      case 'room':
        return this.#outlet(step).setRoom(step.room);
      case 'fail':
        return this.#fail(this.#slots[step.at]!.replica, step.what);
      case 'retire':
        return this.#retire(step.part);
      case 'pass':
        return this.#site.clock.advance(step.ms);
      case 'stop':
      case 'crash':
        return this.#restart(step.at, step.do);
      default:
        return this.#touch(step);
    }
  }

  #touch(step: At<'settle' | 'attempt' | 'evict'>): void {
    const outlet = this.#outlet(step);
    const chosen = [...outlet.held].filter((_, i) => i % step.part === 0);
    if (step.do === 'evict') outlet.evict(chosen);
    else for (const delivery of chosen) outlet[step.do](delivery);
  }

  #publish({ count, to }: At<'publish'>): void {
    for (let i = 0; i < count; i++) {
      const id = `e${this.#judge.events.size}`;
      const only = to === undefined ? undefined : this.#subscriptions[to];
      const timestamp = (this.#lastStamp = Math.max(this.#site.clock.now(), this.#lastStamp + 1));
      const offset = this.#site.stream.append({ id, timestamp, ...(only && { headers: { to: only } }) });
      this.#judge.events.set(id, { id, offset, timestamp, to: only });
      if (offset % 13 === 0) this.#site.stream.skip();
    }
  }

  async #replay({ at, from, to, recovery, ...step }: At<'replay'>): Promise<void> {
    // A job that is made while others are told who is to serve it may be begun by two.
    if (this.#history.isCalm) await this.#site.clock.advance(1_000);
    const id = this.#idOf(step);
    const times = [...this.#judge.events.values()].map(({ timestamp }) => timestamp);
    const timeAt = (share: number): number =>
      times[Math.floor((times.length * share) / 10)] ?? this.#site.clock.now();
    const [start, end] = [timeAt(from), to === undefined ? Infinity : timeAt(to)];
    const owed = [...this.#judge.events.values()].filter(
      (event) => event.timestamp >= start && event.timestamp < end && (event.to ?? id) === id,
    );
    const { replica } = this.#slots[at]!;
    const range = {
      from: { time: new Date(start).toISOString() },
      ...(to !== undefined && { to: new Date(end).toISOString() }),
    };
    const jobId = await replica.create(id, range, recovery ? 'recovery' : undefined).catch(() => undefined);
    if (jobId === undefined) return;
    const job = this.#site.jobs.find((one) => one.id === jobId);
    if (job) this.#judge.register(job);
    const wanted = this.#judge.jobs.get(jobId)?.wanted ?? new Set();
    const missing = owed.filter(({ offset }) => !wanted.has(offset) && !this.#judge.excused.has(offset));
    if (missing.length > 0) this.#judge.problem(`${jobId} leaves out ${missing.map((one) => one.id).join()}`);
    if (!recovery) return;
    for (const { replica: one } of this.#slots)
      void one.replays.recovering(id)?.then(() => this.#judge.saidToBeOffered(one, id));
  }

  async #flip(id: string, to: number): Promise<void> {
    this.#owners.set(id, to);
    for (const slot of this.#slots) void this.#tell(slot, id);
  }

  async #tell(slot: Slot, id: string): Promise<void> {
    const { replica } = slot;
    await sleep(this.#site.clock, this.#next('hearing'));
    if (slot.replica !== replica || !this.#owners.has(id)) return;
    if (this.#slots[this.#owners.get(id)!] === slot) slot.serves.add(id);
    else slot.serves.delete(id);
    void replica.replays.ownersChanged();
    for (const [feed, { facts, replica: own }] of this.#judge.feeds) {
      if (own !== replica || facts.job.subscriptionId !== id || slot.serves.has(id)) continue;
      if (feed.mayAttempt()) this.#judge.problem(`${facts.job.id} may be attempted by who lost it`);
    }
  }

  async #detach(id: string): Promise<void> {
    const [ending, other] = [...this.#slots].sort((one) => (one.serves.has(id) ? 1 : -1)) as [Slot, Slot];
    await other.replica.leave(id);
    while (
      await ending.replica.detach(id).then(
        () => false,
        () => true,
      )
    )
      this.#heal();
    for (const { outlets, serves } of this.#slots) {
      outlets.delete(id);
      serves.delete(id);
    }
    const left = this.#site.jobs.filter(({ subscriptionId }) => subscriptionId === id);
    if (left.length > 0) this.#judge.problem(`${id} ended, and left ${left.map((job) => job.id).join()}`);
    for (const [jobId, { job }] of this.#judge.jobs)
      if (job.subscriptionId === id) this.#judge.jobs.delete(jobId);
    const fresh = `s${this.#made++}`;
    this.#subscriptions = this.#subscriptions.map((one) => (one === id ? fresh : one));
    this.#owners.set(fresh, this.#owners.get(id)!);
    this.#owners.delete(id);
    for (const [number, slot] of this.#slots.entries()) await this.#attach(slot, number, fresh);
  }

  async #restart(number: number, how: 'stop' | 'crash'): Promise<void> {
    const slot = this.#slots[number]!;
    if (how === 'stop') {
      // The others hear of it while it stops.
      for (const [id, owner] of this.#owners) if (owner === number) await this.#flip(id, 1 - number);
      await this.#site.finish(slot.replica.replays.stop());
    }
    slot.replica.kill();
    for (const feed of this.#judge.feeds.values()) if (feed.replica === slot.replica) feed.held.clear();
    this.#slots[number] = await this.#slot(number);
  }

  async #slot(number: number): Promise<Slot> {
    const serves = new Set<string>();
    const replica = await this.#site.replica();
    replica.serves = (id) => serves.has(id);
    const slot = { replica, outlets: new Map<string, HistoryOutlet>(), serves };
    this.#slow(replica);
    for (const id of this.#subscriptions) await this.#attach(slot, number, id);
    return slot;
  }

  async #attach(slot: Slot, number: number, id: string): Promise<void> {
    const { clock } = this.#site;
    if (this.#owners.get(id) === number) slot.serves.add(id);
    const outlet = new HistoryOutlet(id, slot.replica, this.#judge, clock);
    outlet.work = () => this.#next('work');
    outlet.whenFull = () => this.#evictOther(slot, outlet);
    slot.outlets.set(id, outlet);
    outlet.setRoom(3);
    await slot.replica.add(outlet);
  }

  #evictOther(slot: Slot, asking: HistoryOutlet): void {
    const { clock } = this.#site;
    if (!this.#history.evictions || ++this.#asked % 3 !== 0 || clock.now() < this.#evictsAgainAt) return;
    this.#evictsAgainAt = clock.now() + 100;
    const others = [...slot.outlets.values()].toSorted((a, b) => b.held.size - a.held.size);
    others[0]?.evict([...others[0].held]);
    asking.setRoom(asking.held.size + 2);
  }

  #slow(replica: ReplicaSite): void {
    replica.stream.latency = () => this.#next('latencies');
    replica.access.before = (call) =>
      call === 'append' ? sleep(this.#site.clock, this.#next('latencies')) : undefined;
    replica.access.after = () => undefined;
  }

  #fail(replica: ReplicaSite, what: At<'fail'>['what']): void {
    this.#slow(replica);
    const fail = (): never => {
      throw new Error(`no ${what}`);
    };
    if (what === 'reads') replica.stream.latency = () => (++this.#asked % 2 === 0 ? 1 : fail());
    if (what === 'writes') replica.access.before = (call) => (call === 'append' ? fail() : undefined);
    if (what === 'answers') replica.access.after = (call) => (call === 'append' ? fail() : undefined);
  }

  #heal(): void {
    for (const { replica } of this.#slots) this.#slow(replica);
  }

  #retire(part: number): void {
    const { stream } = this.#site;
    const start = stream.start + Math.floor((stream.end - stream.start) / (part + 1));
    for (let offset = stream.start; offset < start; offset++) this.#judge.excused.add(offset);
    stream.cutOff(start);
  }

  /** Everything is whole, everybody has room and settles at once: all that is owed is to come, and all to end. */
  async #end(): Promise<void> {
    this.#heal();
    for (let i = 0; i < 1_000; i++) {
      if (i > 10 && this.#site.jobs.length === 0 && this.#site.positions.size === 0) break;
      for (const { outlets } of this.#slots)
        for (const outlet of outlets.values()) {
          outlet.setRoom(1_000);
          for (const delivery of [...outlet.held]) outlet.settle(delivery);
        }
      await this.#site.clock.advance(500);
      this.#look();
      // What a process wrote when it died may come after the job's end: whoever starts next clears it away.
      if (i === 100 && !this.#history.isCalm && this.#site.jobs.length === 0) await this.#restart(0, 'stop');
    }
    const left = [...this.#site.jobs.map(({ id }) => id), ...this.#site.positions.keys()];
    if (left.length > 0) this.#judge.problem(`they do not end: ${left.join()}`);
    for (const facts of this.#judge.jobs.values()) this.#judge.checkOver(facts);
  }

  #look(): void {
    for (const job of this.#site.jobs) this.#judge.register(job);
    this.#judge.checkPositions();
  }

  #idOf({ which }: { readonly which: number }): string {
    return this.#subscriptions[which]!;
  }

  #outlet({ which, at }: { readonly which: number; readonly at: number }): HistoryOutlet {
    return this.#slots[at]!.outlets.get(this.#subscriptions[which]!)!;
  }

  #next(of: 'latencies' | 'hearing' | 'work'): number {
    const given = this.#history[of];
    return given[this.#turns[of]++ % given.length]!;
  }
}
