import fc from 'fast-check';
import { ATTEMPT_MS, GroupSite, type Gateway } from './kafka-group-site.ts';

const COORDINATOR_NOT_AVAILABLE = 15;
const SAMPLE_MS = 100;

type Trouble =
  | { readonly kind: 'none' | 'noCoordinator' | 'moves' }
  | {
      readonly kind: 'away' | 'hangs' | 'losesAnswers' | 'losesRequests' | 'slowToLetGo' | 'cannotTakeOver';
      readonly who: number;
    }
  | { readonly kind: 'rejoins' | 'restarts' | 'changesRegistry'; readonly who: number };

const who = fc.nat(2);
const trouble: fc.Arbitrary<Trouble> = fc.oneof(
  fc.record({ kind: fc.constantFrom('none', 'noCoordinator', 'moves') }),
  fc.record({
    kind: fc.constantFrom('away', 'hangs', 'losesAnswers', 'losesRequests', 'slowToLetGo', 'cannotTakeOver'),
    who,
  }),
  fc.record({ kind: fc.constantFrom('rejoins', 'restarts', 'changesRegistry'), who }),
);
const steps = fc.array(fc.record({ trouble, ms: fc.integer({ min: 50, max: 15_000 }) }), { maxLength: 12 });

/** Three gateways in a history, and what each may have begun last. */
class History {
  readonly site = new GroupSite({ nodes: 2 });
  readonly gateways: Gateway[] = [0, 1, 2].map(() => this.site.gateway());
  readonly breaches: string[] = [];
  /** When each could have begun its last attempt. */
  readonly #attempted = new Map<Gateway, number>();
  #isOver = false;

  constructor() {
    this.#watch();
    for (const gateway of this.gateways) gateway.start();
  }

  async go(what: Trouble, ms: number): Promise<void> {
    const { site } = this;
    const gateway = 'who' in what ? this.gateways[what.who]! : this.gateways[0]!;
    const { wire, membership } = gateway;
    const [first, second] = site.cluster.nodes.values();
    if (what.kind === 'noCoordinator') site.cluster.coordinatorOf = () => -COORDINATOR_NOT_AVAILABLE;
    if (what.kind === 'moves') {
      const other = site.cluster.coordinatorOf('tmf-hub') === 1 ? 2 : 1;
      site.cluster.coordinatorOf = () => other;
    }
    if (what.kind === 'away') wire.away.add(first!).add(second!);
    if (what.kind === 'hangs') wire.hangs = () => true;
    if (what.kind === 'losesAnswers') wire.after = () => Promise.reject(new Error('connection reset'));
    if (what.kind === 'losesRequests') wire.before = () => Promise.reject(new Error('connection reset'));
    if (what.kind === 'slowToLetGo') gateway.revoking = () => this.#sleep(3_000);
    if (what.kind === 'cannotTakeOver')
      gateway.assigning = () => this.#sleep(200).then(() => Promise.reject(new Error('no')));
    if (what.kind === 'rejoins') membership.rejoin();
    if (what.kind === 'changesRegistry') gateway.registry = gateway.registry === 'one' ? 'two' : 'one';
    if (what.kind === 'restarts') await this.#restart(gateway);
    await site.clock.advance(ms);
    this.#heal();
  }

  /** All is well for long enough. */
  async settle(): Promise<void> {
    for (const gateway of this.gateways) gateway.registry = 'one';
    // By then the last request that was never answered has been given up.
    await this.site.clock.advance(20_000);
    await this.site.until(() => this.#isSettled(), 60_000);
    await this.site.clock.advance(5_000);
    expect(this.#isSettled()).toBe(true);
  }

  async close(): Promise<void> {
    this.#isOver = true;
    await this.site.close();
    expect([...this.breaches, ...this.site.all.flatMap(({ breaches }) => breaches)]).toEqual([]);
  }

  #heal(): void {
    if (this.site.cluster.coordinatorOf('tmf-hub') < 0) this.site.cluster.coordinatorOf = () => 1;
    for (const gateway of this.gateways) {
      gateway.wire.away.clear();
      gateway.wire.hangs = () => false;
      gateway.wire.after = gateway.wire.before = () => undefined;
      gateway.revoking = gateway.assigning = () => Promise.resolve();
    }
  }

  async #restart(gateway: Gateway): Promise<void> {
    await gateway.close();
    const anew = this.site.gateway();
    this.gateways[this.gateways.indexOf(gateway)] = anew;
    anew.start();
  }

  #isSettled(): boolean {
    const held = this.gateways.flatMap(({ holds }) => holds).toSorted();
    const isReady = this.gateways.every(({ membership }) => membership.problem === undefined);
    const { state, members } = this.site.group;
    return isReady && state === 'stable' && members.size === 3 && String(held) === 'a:0,a:1,a:2,a:3';
  }

  /** RULES 9: whoever takes a partition over finds no attempt of its former owner under way. */
  #watch(): void {
    if (this.#isOver) return;
    const now = this.site.clock.monotonic();
    for (const gateway of this.gateways) {
      if (gateway.mayAttempt) this.#attempted.set(gateway, now);
      for (const other of this.gateways) {
        const shared = gateway.holds.filter((place) => other !== gateway && other.holds.includes(place));
        if (shared.length === 0) continue;
        const [early, late] = gateway.heldSince < other.heldSince ? [gateway, other] : [other, gateway];
        const until = (this.#attempted.get(early) ?? -Infinity) + ATTEMPT_MS;
        if (until > late.heldSince + SAMPLE_MS)
          this.breaches.push(
            `${late.name} took over ${String(shared)} at ${late.heldSince}, ${early.name} was at work until ${until}`,
          );
      }
    }
    this.site.clock.after(SAMPLE_MS, () => this.#watch());
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.site.clock.after(ms, resolve));
  }
}

test('RULES 9: whatever happens, no two work on one partition, and in the end each has one owner', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (history) => {
      const run = new History();
      for (const { trouble: what, ms } of history) await run.go(what, ms);
      await run.settle();
      await run.close();
    }),
    { numRuns: 100 },
  );
}, 60_000);
