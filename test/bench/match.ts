/**
 * Rows of matching alone: how long it takes to find the subscriptions that want an event, with the real catalogue's
 * event types and queries as clients write them.
 */
import { MatchIndex } from '../../src/delivery/match.ts';
import { createCatalogue } from '../../src/tmf/catalogue.ts';
import { catalogueRows } from '../../src/tmf/catalogue.data.ts';
import type { TmfEvent } from '../../src/tmf/event.ts';
import { compileQuery } from '../../src/tmf/query/query.ts';
import { BODY, TYPE } from './event.ts';
import { cleanUp, median } from './measure.ts';
import { verdict } from './rows.ts';

const SUBSCRIPTIONS = 10_000;
const TARGET_MICROS = 20;
/** Events of one measured batch, and batches. */
const BATCH = 200;
const BATCHES = 100;

const catalogue = createCatalogue(catalogueRows);
const TYPES = [...catalogue.knownEventTypes.values()];
const STATES = ['acknowledged', 'inProgress', 'held', 'completed', 'cancelled'];

/** What clients ask beside the event type; `n` tells the subscriptions apart. */
const ASKED: readonly ((n: number) => string)[] = [
  () => '',
  () => '',
  (n) => `&state=${STATES[n % STATES.length]}`,
  (n) => `&event.productOrder.state=${STATES[n % STATES.length]}&domain=ordering`,
  (n) => `&id=key-${n}`,
  (n) => `&event.productOrder.id=key-${n},key-${n + 1}`,
  (n) => `&state.ne=${STATES[n % STATES.length]}`,
  (n) => `&eventTime.gt=2026-01-01T00:00:0${n % 10}Z`,
  (n) => `&state=${STATES[n % STATES.length]};priority.gt=${n % 5}`,
  (n) => `&state.regex=^${STATES[n % STATES.length]?.slice(0, 4)}`,
];

/** Prints the rows; answers their figures. */
export function matchRows(): object {
  const typical = new Subscribed();
  for (let n = 0; n < SUBSCRIPTIONS; n += 1) {
    typical.add(`eventType=${TYPES[(n * 7) % TYPES.length]}${ASKED[n % ASKED.length]?.(n)}`);
  }
  const name = `${SUBSCRIPTIONS} subscriptions, ${TYPES.length} event types`;
  const figures: Record<string, number> = { [name]: print(name, typical.measured(TYPES), TARGET_MICROS) };
  for (const subscriptions of [1_000, 10_000, 100_000]) {
    const row = `10 matches of ${subscriptions} subscriptions`;
    figures[row] = print(row, among(subscriptions, 10).measured([TYPE]));
  }
  for (const matches of [1, 10, 100]) {
    const row = `${matches} matches of ${SUBSCRIPTIONS} subscriptions`;
    figures[row] = print(row, among(SUBSCRIPTIONS, matches).measured([TYPE]));
  }
  return figures;
}

/** Some that match, and others: half of them want other types, half the same type of another resource. */
function among(subscriptions: number, matches: number): Subscribed {
  const subscribed = new Subscribed();
  const others = TYPES.filter((type) => type !== TYPE);
  for (let n = 0; n < subscriptions; n += 1) {
    if (n < matches) subscribed.add(`eventType=${TYPE}&event.productOrder.id=key&state.ne=held`);
    else if (n % 2 === 0) subscribed.add(`eventType=${others[n % others.length]}&state=held`);
    else subscribed.add(`eventType=${TYPE}&event.productOrder.id=key-${n}&state.ne=held`);
  }
  return subscribed;
}

interface Measured {
  readonly micros: number;
  readonly matches: number;
}

class Subscribed {
  readonly #index = new MatchIndex();
  #count = 0;

  add(query: string): void {
    const compiled = compileQuery(query, { knownEventTypes: catalogue.knownEventTypes });
    if (!compiled.ok) throw new Error(`${query}: ${compiled.reason}`);
    const { eventTypes, matches, equality } = compiled.query;
    const subscriptionId = `s${this.#count++}`;
    this.#index.add({ subscriptionId, api: null, topic: null, eventTypes, matches, equality });
  }

  /** The median over batches of events whose types come in turn. */
  measured(types: readonly string[]): Measured {
    const events = types.map((type) => {
      const document = { ...(JSON.parse(BODY) as object), eventType: type };
      return {
        event: { type, apis: catalogue.apisOfType(type), topic: undefined } as unknown as TmfEvent,
        document,
      };
    });
    cleanUp();
    const batches: number[] = [];
    let matches = 0;
    for (let batch = 0, n = 0; batch < BATCHES; batch += 1) {
      const start = performance.now();
      for (let i = 0; i < BATCH; i += 1, n += 1) {
        const { event, document } = events[n % events.length] as (typeof events)[number];
        matches += this.#index.match(event, document).subscriptionIds.length;
      }
      batches.push(((performance.now() - start) * 1_000) / BATCH);
    }
    return { micros: median(batches), matches: matches / (BATCHES * BATCH) };
  }
}

function print(name: string, { micros, matches }: Measured, target?: number): number {
  const columns = [
    `${micros.toFixed(2)} us an event`.padStart(20),
    `${matches.toFixed(1)} matches`.padStart(14),
    ...(target === undefined ? [] : [verdict(micros, target, ' us')]),
  ];
  console.log(`match: ${name}`.padEnd(52), ...columns);
  return micros;
}
