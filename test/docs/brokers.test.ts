import { readFileSync } from 'node:fs';
import path from 'node:path';
import { CAPABILITIES } from '../../src/brokers/capabilities.ts';

const PAGE = path.join(import.meta.dirname, '../../docs/brokers.md');

test('docs/brokers.md says of each broker what its capabilities say', () => {
  const rows = readFileSync(PAGE, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| --'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  const [heading = [], ...lines] = rows;
  const brokers = heading.slice(1, -1);
  const said = brokers.map((broker, column) => [
    broker,
    Object.fromEntries(
      lines
        .filter(([name = '']) => name.startsWith('`'))
        .map(([name = '', ...cells]) => [name.replaceAll('`', ''), cells[column] === 'yes']),
    ),
  ]);
  expect(Object.fromEntries(said)).toEqual(CAPABILITIES);
});
