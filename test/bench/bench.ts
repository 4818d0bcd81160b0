/**
 * `npm run bench`: the gateway's whole path from the embedded log to a listener beside a bare undici loop, in one
 * process run, with the same payload and listener. Prints a table and writes `bench-result.json`. Nothing here
 * passes or fails by time: rates are ratios within the run.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Pool } from 'undici';
import { Load, measure, type Measurement } from './measure.ts';
import { BODY, Site } from './site.ts';

const DELIVERIES = Number(process.env['BENCH_DELIVERIES'] ?? 30_000);
const CONCURRENCY = 32;
/** Rounds with and without the dead listener, in turns; the medians are compared. */
const ISOLATION_ROUNDS = 5;
const ROUNDS = 3;

type Row = Pick<Measurement, 'perSecond' | 'cpuMicros'> & {
  readonly ofBare: number;
  readonly cpuOfBare: number;
};

const load = await Load.start();
const listener = `http://127.0.0.1:${load.port}`;
const rows: Record<string, Row> = {};

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

/** What a user would write by hand: request, dump the body, next. */
async function bareLoop(): Promise<Measurement> {
  const pool = new Pool(listener, { connections: CONCURRENCY, allowH2: false });
  const body = Buffer.from(BODY);
  let left = DELIVERIES;
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const answer = await pool.request({ method: 'POST', path: '/bare', headers: JSON_TYPE, body });
      await answer.body.dump();
    }
  };
  const received = await load.expect(DELIVERIES);
  const result = await measure(DELIVERIES, async () => {
    await Promise.all([...Array.from({ length: CONCURRENCY }, worker), received()]);
  });
  await pool.close();
  return result;
}

/** `fanOut` subscriptions drain a log that was filled before; `others` more want other event types. */
async function drain(fanOut: number, given: { others?: number; delayMs?: number; events?: number } = {}) {
  const { others = 0, delayMs = 0, events = Math.ceil(DELIVERIES / fanOut) } = given;
  const site = new Site();
  await site.start();
  const ids = await site.subscribe(fanOut, (i) => `${listener}/live/${i}`);
  const besides = await site.subscribe(others, (i) => `${listener}/other/${i}`, 'ProductOrderDeleteEvent');
  await site.set('pause', ids);
  await site.stop();
  await site.fill(events);
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

/** Runs the bare loop and `work` in turns, so that both see the same machine; prints and keeps the medians. */
async function row(name: string, work: () => Promise<Measurement>): Promise<Row> {
  const rounds: Row[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const bare = await bareLoop();
    const { perSecond, cpuMicros } = await work();
    const cpuOfBare = cpuMicros / bare.cpuMicros;
    rounds.push({ perSecond, cpuMicros, ofBare: perSecond / bare.perSecond, cpuOfBare });
  }
  const result: Row = {
    perSecond: median(rounds.map((one) => one.perSecond)),
    cpuMicros: median(rounds.map((one) => one.cpuMicros)),
    ofBare: median(rounds.map((one) => one.ofBare)),
    cpuOfBare: median(rounds.map((one) => one.cpuOfBare)),
  };
  rows[name] = result;
  const columns = [
    `${result.perSecond.toFixed(0)}/s`.padStart(9),
    `${result.cpuMicros.toFixed(1)} us CPU`.padStart(14),
    `${(result.ofBare * 100).toFixed(0)} % of bare`.padStart(14),
    `${result.cpuOfBare.toFixed(2)}x CPU`.padStart(11),
  ];
  console.log(name.padEnd(52), ...columns);
  return result;
}

/** CPU time for each delivery with 10,000 subscriptions to other event types, as a multiple of that without them. */
async function besideOthers(): Promise<number> {
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const events = 2 * DELIVERIES;
    const alone = await drain(1, { events });
    ratios.push((await drain(1, { events, others: 10_000 })).cpuMicros / alone.cpuMicros);
  }
  return median(ratios);
}

/** Time from the 201 of a publish to the listener's receipt, with subscriptions of the same and of dead listeners. */
async function latency(perSecond: number, seconds: number, given: { healthy: number; dead: number }) {
  const site = new Site();
  await site.start();
  await site.subscribe(given.healthy, (i) => `${listener}/live/${i}`);
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
async function isolation(): Promise<{ alive: number; dead: number }> {
  const p99 = { alive: [] as number[], dead: [] as number[] };
  for (let round = 0; round < ISOLATION_ROUNDS; round++) {
    p99.alive.push((await latency(20, 10, { healthy: 100, dead: 0 })).p99);
    p99.dead.push((await latency(20, 10, { healthy: 99, dead: 1 })).p99);
  }
  return { alive: median(p99.alive), dead: median(p99.dead) };
}

/** Resident memory of `npm start`, just started (a second time: the first one fills its compile cache). Bytes. */
async function idleMemory(): Promise<number> {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { start: string } };
  let bytes = NaN;
  for (let start = 0; start < 2; start++) {
    const dir = mkdtempSync(join(tmpdir(), 'tmf-hub-bench-'));
    const PATH = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
    const env = { PATH, TMF_HUB_DATA_DIR: dir, TMF_HUB_SERVER_PORT: '0', TMF_HUB_ADMIN_PORT: '0' };
    const child = spawn('sh', ['-c', scripts.start], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    const status = readFileSync(`/proc/${child.pid ?? 0}/status`, 'latin1');
    child.kill();
    await once(child, 'exit');
    rmSync(dir, { recursive: true });
    bytes = Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
  }
  return bytes;
}

const JSON_TYPE = { 'content-type': 'application/json' };

await bareLoop();
await row('(a) bare undici loop', bareLoop);
await row('(b) embedded log -> 1 subscription', () => drain(1));
await row('(b) embedded log -> 10 subscriptions', () => drain(10, { events: DELIVERIES / 5 }));
await row('(b) embedded log -> 100 subscriptions', () => drain(100, { events: DELIVERIES / 50 }));
const beside = await besideOthers();
console.log(`(c) CPU per delivery beside 10,000 others: ${beside.toFixed(3)}x`);
const slow = await drain(1, { delayMs: 20, events: 6000 });
const ofBest = slow.perSecond / (CONCURRENCY / 0.02);
console.log(`(d) listener takes 20 ms, 200 keys: ${(ofBest * 100).toFixed(0)} % of ${CONCURRENCY} / 20 ms`);
const live = await latency(1000, 10, { healthy: 1, dead: 0 });
console.log(
  `latency at 1,000 events/s, 201 to receipt: p50 ${live.p50.toFixed(2)} ms, p99 ${live.p99.toFixed(2)} ms`,
);
const apart = await isolation();
const moved = (apart.dead / apart.alive - 1) * 100;
console.log(
  `one dead listener of 100 moves the others' p99 by ${moved.toFixed(1)} % (${apart.alive.toFixed(2)} ms without)`,
);
const memory = await idleMemory();
console.log(`resident memory, idle: ${(memory / 1e6).toFixed(0)} MB`);
writeFileSync(
  'bench-result.json',
  `${JSON.stringify({ rows, besideOthers: beside, slowListener: ofBest, latency: live, isolation: apart, idleMemory: memory }, null, 2)}\n`,
);
load.stop();
