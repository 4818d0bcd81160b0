import { readFileSync } from 'node:fs';
import path from 'node:path';
import { builtInProfiles } from '../../src/tmf/profiles.ts';

const PAGE = path.join(import.meta.dirname, '../../docs/profiles.md');

test('docs/profiles.md says of each built-in profile what its data says', () => {
  const rows = readFileSync(PAGE, 'utf8')
    .split('\n')
    .filter((line) => /^\| `[\w-]+` +\| (?:exact|append)/.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  const data = builtInProfiles.map(({ name, callback, eventNames, envelope, without, duplicates }) => [
    ...[`\`${name}\``, callback, eventNames, envelope],
    ...[without.length === 0 ? '-' : without.join(', '), duplicates ?? 'as `hub.duplicates` says'],
  ]);
  expect(rows).toEqual(data);
});
