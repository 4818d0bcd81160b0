/**
 * `npm run faults`: the fault tests on real brokers at full size, one after the other, with a report of what
 * was lost, doubled and out of order. Arguments go to jest, such as the name of one file. FAULT_EVENTS is the number
 * of events of a scenario (default 50,000), FAULTS_REPORT the report's file (default faults-report.md).
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { reportOf, type Row } from './report.ts';

const JEST = fileURLToPath(new URL('../../node_modules/jest/bin/jest.js', import.meta.url));

const scratch = mkdtempSync(path.join(os.tmpdir(), 'tmf-hub-faults-'));
const rows = path.join(scratch, 'rows');
writeFileSync(rows, '');
const events = process.env['FAULT_EVENTS'] ?? '50000';
const began = performance.now();

const args = process.argv.slice(2);
const jest = spawn(
  process.execPath,
  [
    ...['--disable-warning=ExperimentalWarning', '--experimental-vm-modules', JEST, '--runInBand'],
    ...(args.length > 0 ? args : ['test/faults/kafka', 'test/faults/rabbitmq']),
  ],
  { stdio: 'inherit', env: { ...process.env, FAULT_EVENTS: events, FAULTS_ROWS: rows } },
);
const [code] = (await once(jest, 'exit')) as [number | null];

const found = readFileSync(rows, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as Row);
rmSync(scratch, { recursive: true, force: true });
const report = reportOf(found, {
  minutes: (performance.now() - began) / 60_000,
  passed: code === 0,
  machine: `${os.cpus().length} x ${os.cpus()[0]?.model.trim() ?? 'unknown'}, Node.js ${process.versions.node}`,
});
writeFileSync(process.env['FAULTS_REPORT'] ?? 'faults-report.md', report);
process.stdout.write(`\n${report}`);
process.exitCode = code ?? 1;
