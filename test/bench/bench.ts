/**
 * `npm run bench`: the gateway's whole path from a broker to a listener beside a bare undici loop, in one process
 * run, with the same payload and listener. `npm run bench -- embedded`, `-- kafka`, `-- rabbitmq` and `-- match` (queries
 * alone) run a part of it.
 * Prints a table and writes `bench-result.json`. Nothing here passes or fails by time: rates are ratios within the run.
 *
 * Brokers are those that TMF_HUB_KAFKA_BROKERS and TMF_HUB_RABBITMQ_URL name, or else started here. Smaller figures for
 * a quick look: BENCH_DELIVERIES, BENCH_ROUNDS, BENCH_LATENCY_SECONDS, BENCH_WATCH_SECONDS, BENCH_QUEUES=1000,2000.
 */
import { writeFileSync } from 'node:fs';
import { embeddedRows } from './embedded.ts';
import { kafkaRows } from './kafka.ts';
import { matchRows } from './match.ts';
import { Load } from './measure.ts';
import { rabbitmqRows } from './rabbitmq.ts';
import { Rows } from './rows.ts';

/** Those that deliver, beside the bare loop. */
const PARTS = {
  embedded: embeddedRows,
  kafka: async (load: Load, rows: Rows) => ({ kafka: await kafkaRows(load, rows) }),
  rabbitmq: async (load: Load, rows: Rows) => ({ rabbitmq: await rabbitmqRows(load, rows) }),
};
type Part = keyof typeof PARTS;

const MATCH = 'match';
const delivering = Object.keys(PARTS) as Part[];
const all = [MATCH, ...delivering];
const wanted = process.argv.slice(2);
const unknown = wanted.filter((part) => !all.includes(part));
if (unknown.length > 0) {
  console.error(`no part is called ${unknown.join(', ')}: take ${all.join(' or ')}, or none for all`);
  process.exit(2);
}

const chosen = delivering.filter((part) => wanted.length === 0 || wanted.includes(part));
const figures: object[] = [];
if (wanted.length === 0 || wanted.includes(MATCH)) figures.push({ match: matchRows() });
if (chosen.length > 0) {
  const load = await Load.start();
  const rows = new Rows(load);
  await rows.bareLoop();
  await rows.compare({ name: '(a) bare undici loop', run: () => rows.bareLoop() });
  for (const part of chosen) figures.push(await PARTS[part](load, rows));
  figures.push({ rows: rows.all });
  load.stop();
}
const result: object = Object.assign({}, ...figures) as object;
writeFileSync('bench-result.json', `${JSON.stringify(result, null, 2)}\n`);
