/** Rows of the embedded broker: the whole path from the log to a listener. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEmbeddedLog } from '../../src/brokers/embedded/embedded-log.ts';
import { silentLogger } from '../../src/logger.ts';
import { systemClock } from '../../src/time.ts';
import { BODY, eventOf, HEADERS, OTHER_TYPE } from './event.ts';
import { measure, median, type Load, type Measurement } from './measure.ts';
import { residentMemory } from './proc.ts';
import { CONCURRENCY, DELIVERIES, ROUNDS, type Rows } from './rows.ts';
import { Site } from './site.ts';
import { StartedGateway } from './started.ts';

const TOPIC = 'bss.ordering.events';
/** Rounds with and without the dead listener, in turns; the medians are compared. */
const ISOLATION_ROUNDS = 5;

/** Prints the rows; resolves with the figures that are no rows. */
export async function embeddedRows(load: Load, rows: Rows): Promise<object> {
  const drained = (fanOut: number, events?: number) => () =>
    drain(load, fanOut, events === undefined ? {} : { events });
  await rows.compare({ name: '(b) embedded log -> 1 subscription', run: drained(1) });
  await rows.compare({ name: '(b) embedded log -> 10 subscriptions', run: drained(10, DELIVERIES / 5) });
  await rows.compare({ name: '(b) embedded log -> 100 subscriptions', run: drained(100, DELIVERIES / 50) });
  const beside = await besideOthers(load);
  console.log(`(c) CPU per delivery beside 10,000 others: ${beside.toFixed(3)}x`);
  const slow = await drain(load, 1, { delayMs: 20, events: DELIVERIES / 5 });
  const ofBest = slow.perSecond / (CONCURRENCY / 0.02);
  console.log(`(d) listener takes 20 ms, 200 keys: ${(ofBest * 100).toFixed(0)} % of ${CONCURRENCY} / 20 ms`);
  const live = await latency(load, 1000, 10, { healthy: 1, dead: 0 });
  console.log(
    `latency at 1,000 events/s, 201 to receipt: p50 ${live.p50.toFixed(2)} ms, p99 ${live.p99.toFixed(2)} ms`,
  );
  const apart = await isolation(load);
  const moved = (apart.dead / apart.alive - 1) * 100;
  console.log(
    `one dead listener of 100 moves the others' p99 by ${moved.toFixed(1)} % (${apart.alive.toFixed(2)} ms without)`,
  );
  const memory = await idleMemory();
  console.log(`resident memory, idle: ${(memory / 1e6).toFixed(0)} MB`);
  return {
    besideOthers: beside,
    slowListener: ofBest,
    latency: live,
    isolation: apart,
    idleMemory: memory,
  };
}

/** `fanOut` subscriptions drain a log that was filled before; `others` more want other event types. */
async function drain(
  load: Load,
  fanOut: number,
  given: { others?: number; delayMs?: number; events?: number } = {},
): Promise<Measurement> {
  const { others = 0, delayMs = 0, events = Math.ceil(DELIVERIES / fanOut) } = given;
  const site = new Site();
  await site.start();
  const ids = await site.subscribe(fanOut, (i) => `${load.url}/live/${i}`);
  const besides = await site.subscribe(others, (i) => `${load.url}/other/${i}`, OTHER_TYPE);
  await site.set('pause', ids);
  await site.stop();
  await fill(site.dir, events);
  await site.start();
  // They read the same log and are served together: one in a hundred tells for all.
  for (const id of besides.filter((_, i) => i % 100 === 0)) await site.atHead(id);
  const received = await load.expect(events * fanOut, delayMs);
  const result = await measure(events * fanOut, async () => {
    await site.set('resume', ids);
    await received();
  });
  await site.stop();
  site.remove();
  return result;
}

/** Writes events into the log of a gateway that does not run. */
async function fill(dir: string, count: number): Promise<void> {
  const log = createEmbeddedLog({
    dir,
    name: 'embedded',
    topics: [TOPIC],
    partitionsPerTopic: 2,
    retention: {},
    clock: systemClock,
    logger: silentLogger,
  });
  await log.open();
  await log.start({ assigned: () => Promise.resolve(), revoked: () => Promise.resolve() });
  for (let i = 0; i < count; i += 1000) {
    const some = Array.from({ length: Math.min(1000, count - i) }, (_, j) => {
      const { key, value } = eventOf(i + j, `e${i + j}`);
      return log.append({ topic: TOPIC, key, value: Buffer.from(value), headers: HEADERS });
    });
    await Promise.all(some);
  }
  await log.stop();
}

/** CPU time for each delivery with 10,000 subscriptions to other event types, as a multiple of that without them. */
async function besideOthers(load: Load): Promise<number> {
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const events = 2 * DELIVERIES;
    const alone = await drain(load, 1, { events });
    ratios.push((await drain(load, 1, { events, others: 10_000 })).cpuMicros / alone.cpuMicros);
  }
  return median(ratios);
}

/** Time from the 201 of a publish to the listener's receipt, with subscriptions of the same and of dead listeners. */
async function latency(
  load: Load,
  perSecond: number,
  seconds: number,
  given: { healthy: number; dead: number },
) {
  const site = new Site();
  await site.start();
  await site.subscribe(given.healthy, (i) => `${load.url}/live/${i}`);
  await site.subscribe(given.dead, (i) => `http://127.0.0.1:9/dead/${i}`);
  const url = `${site.url}/tmf-api/productOrderingManagement/v4/event`;
  const request = { url, perSecond, body: BODY, receipts: given.healthy };
  await load.publish({ ...request, count: perSecond });
  const result = await load.publish({ ...request, count: perSecond * seconds });
  await site.stop();
  site.remove();
  return result;
}

/** The p99 of 99 healthy listeners beside a hundredth that is alive, or dead. Medians of several rounds each. */
async function isolation(load: Load): Promise<{ alive: number; dead: number }> {
  const p99 = { alive: [] as number[], dead: [] as number[] };
  for (let round = 0; round < ISOLATION_ROUNDS; round++) {
    p99.alive.push((await latency(load, 20, 10, { healthy: 100, dead: 0 })).p99);
    p99.dead.push((await latency(load, 20, 10, { healthy: 99, dead: 1 })).p99);
  }
  return { alive: median(p99.alive), dead: median(p99.dead) };
}

/** Resident memory of `npm start`, just started (a second time: the first one fills its compile cache). Bytes. */
async function idleMemory(): Promise<number> {
  let bytes = NaN;
  for (let start = 0; start < 2; start++) {
    const dir = mkdtempSync(join(tmpdir(), 'tmf-hub-bench-'));
    const gateway = await StartedGateway.start(dir);
    bytes = residentMemory(gateway.pid);
    await gateway.stop();
    rmSync(dir, { recursive: true });
  }
  return bytes;
}
