import { readFileSync } from 'node:fs';
import path from 'node:path';
import { CAPABILITIES } from '../../src/brokers/capabilities.ts';

const PAGE = path.join(import.meta.dirname, '../../docs/brokers.md');

test('docs/brokers.md says of each broker what its capabilities say', () => {
  const lines = readFileSync(PAGE, 'utf8').split('\n');
  const from = lines.findIndex((line) => line.startsWith('| capability'));
  const table = lines.slice(from, lines.indexOf('', from)).filter((line) => !line.startsWith('| --'));
  const cells = (row: string): string[] =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const [heading = [], ...rows] = table.map(cells);
  const brokers = heading.slice(1, -1);
  const said = brokers.map((broker, column) => [
    broker,
    Object.fromEntries(rows.map(([name = '', ...can]) => [name.replaceAll('`', ''), can[column] === 'yes'])),
  ]);
  expect(Object.fromEntries(said)).toEqual(CAPABILITIES);
});
