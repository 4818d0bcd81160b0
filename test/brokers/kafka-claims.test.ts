import fc from 'fast-check';
import { end, StateSite, TOPIC } from './kafka-state-site.ts';

let site: StateSite;

beforeEach(() => {
  site = new StateSite();
});

afterEach(() => site.close());

interface Act {
  readonly do: 'register' | 'forget';
  readonly id: string;
}

/** An act with the moments at which it began and ended. */
interface Span extends Act {
  readonly from: number;
  to: number;
  answer?: { readonly offset: number; readonly isNew: boolean };
}

interface Life {
  readonly acts: readonly Act[];
  /** Calls to the broker that it lives for. */
  readonly calls: number;
}

/** The fewer ids, the more often they meet. */
const lifeOf = (ids: string[], ...kinds: Act['do'][]): fc.Arbitrary<Life> =>
  fc.record({
    acts: fc.array(fc.record({ do: fc.constantFrom(...kinds), id: fc.constantFrom(...ids) }), {
      maxLength: 4,
    }),
    calls: fc.oneof({ weight: 3, arbitrary: fc.constant(Infinity) }, { weight: 1, arbitrary: fc.nat(30) }),
  });

/** Lives one life: its acts one after the other. Ends with the last one, or when it dies. */
async function live(scheduler: fc.Scheduler, life: Life, tick: () => number, spans: Span[]) {
  const { access, starts } = await site.started();
  let calls = 0;
  let die: () => void = () => undefined;
  const dead = new Promise<void>((resolve) => (die = resolve));
  access.before = access.after = async (call) => {
    if (calls++ < life.calls) return scheduler.schedule(Promise.resolve(), call);
    die();
    return new Promise(() => undefined);
  };
  const all = async (): Promise<void> => {
    for (const one of life.acts) {
      const span: Span = { ...one, from: tick(), to: Infinity };
      spans.push(span);
      if (one.do === 'forget') await starts.forget(one.id);
      else {
        const { starts: at, isNew } = await starts.register(one.id, [end(span.from)]);
        span.answer = { offset: at['orders:0']!, isNew };
      }
      span.to = tick();
    }
  };
  return { access, starts, ended: Promise.race([all(), dead]), isAlive: () => calls <= life.calls };
}

/** All calls of all replicas interleaved. `views`: what each survivor, and one that starts afterwards, then knows. */
async function history(
  scheduler: fc.Scheduler,
  lives: readonly Life[],
  compactions: number,
  compact: 'at once' | 'what all have read',
) {
  site.close();
  site = new StateSite();
  site.topics.create(TOPIC, 1);
  const spans: Span[] = [];
  let now = 0;
  const replicas = await Promise.all(lives.map((life) => live(scheduler, life, () => now++, spans)));
  const compacting = async (): Promise<void> => {
    for (let i = 0; i < compactions; i++) {
      await scheduler.schedule(Promise.resolve(), 'compaction');
      const positions = replicas.filter(({ isAlive }) => isAlive()).map(({ access }) => access.readUpTo);
      site.topics.compact(TOPIC, compact === 'at once' ? {} : { below: Math.min(...positions) });
    }
  };
  await scheduler.waitFor(Promise.all([...replicas.map(({ ended }) => ended), compacting()]));
  await scheduler.waitIdle();
  site.topics.compact(TOPIC, { all: true });
  const survivors = replicas.filter(({ isAlive }) => isAlive()).map(({ starts }) => starts);
  const fresh = await site.started();
  const views = [...survivors, fresh.starts].map((starts) =>
    Object.fromEntries(starts.ids().map((id) => [id, starts.startsOf(id)!.starts['orders:0']!])),
  );
  return { spans, views };
}

/**
 * Is there an order of the acts, each at a moment between its beginning and its end, in which a register is new exactly
 * where nothing stands, and which ends as all see it? Acts of the dead may have happened or not, at any later moment.
 */
function isExplained(spans: readonly Span[], standsAtLast: boolean): boolean {
  const tried = new Set<string>();
  const from = (done: readonly Span[], stands: boolean): boolean => {
    const rest = spans.filter((span) => !done.includes(span));
    const state = `${rest.map(({ from: began }) => began).join()} ${stands}`;
    if (tried.has(state)) return false;
    tried.add(state);
    if (stands === standsAtLast && rest.every(({ to }) => to === Infinity)) return true;
    return rest.some((span) => {
      if (rest.some(({ to }) => to < span.from)) return false;
      if (span.answer?.isNew === stands) return false;
      return from([...done, span], span.do === 'register');
    });
  };
  return from([], false);
}

const compactions = fc.nat(5);

describe('replicas that register and forget at the same moment', () => {
  test('RULES 18: all that register one subscription get the same start, whoever dies and whatever is compacted', async () => {
    const lives = fc.array(lifeOf(['a', 'b'], 'register'), { minLength: 2, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), lives, compactions, async (scheduler, those, times) => {
        const { spans, views } = await history(scheduler, those, times, 'at once');
        for (const view of views) expect(view).toEqual(views[0]);
        for (const id of ['a', 'b']) {
          const answers = spans.flatMap((span) => (span.id === id ? (span.answer ?? []) : []));
          for (const { offset } of answers) expect(offset).toBe(views[0]![id]);
          expect(answers.filter(({ isNew }) => isNew).length).toBeLessThanOrEqual(1);
          if (answers.length > 0 && those.every(({ calls }) => calls === Infinity))
            expect(answers.filter(({ isNew }) => isNew)).toHaveLength(1);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('RULES 18: registering and forgetting are as if done one after the other: what was answered stands until it is forgotten', async () => {
    const lives = fc.array(lifeOf(['a'], 'register', 'forget'), { minLength: 2, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), lives, compactions, async (scheduler, those, times) => {
        const { spans, views } = await history(scheduler, those, times, 'what all have read');
        for (const view of views) expect(view).toEqual(views[0]);
        expect(isExplained(spans, 'a' in views[0]!)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
