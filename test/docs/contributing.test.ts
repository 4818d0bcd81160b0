import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.join(import.meta.dirname, '../..');
const read = (name: string): string => readFileSync(path.join(root, name), 'utf8');
const namedIn = (text: string): string[] => text.match(/scripts\/generate-[\w-]+\.ts/g) ?? [];

const { scripts } = JSON.parse(read('package.json')) as { scripts: { generate: string } };
const inEveryClone = namedIn(scripts.generate);
const withFacts = namedIn(read('CONTRIBUTING.md'));

test('npm run generate needs nothing that is outside the repository', () => {
  expect(inEveryClone.length).toBeGreaterThan(0);
  expect(inEveryClone.filter((name) => read(name).includes('../shared'))).toEqual([]);
});

test('CONTRIBUTING.md names the generators that npm run generate leaves out, before it', () => {
  const all = readdirSync(path.join(root, 'scripts')).filter((name) => name.startsWith('generate-'));
  expect([...inEveryClone, ...withFacts].toSorted()).toEqual(all.map((name) => `scripts/${name}`).toSorted());
});
