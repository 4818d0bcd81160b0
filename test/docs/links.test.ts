import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { anchorsOf, linksOf, readPage, ROOT } from './pages.ts';

const folders = ['.', 'docs', 'docs/adr', 'config', 'helm/tmf-hub-gateway', 'helm/examples/legacy-listener'];
const pages = folders.flatMap((folder) =>
  readdirSync(path.join(ROOT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.join(folder, name)),
);

test('there are pages with links', () => {
  expect(pages.length).toBeGreaterThan(10);
  expect(linksOf(readPage('README.md')).length).toBeGreaterThan(20);
});

test.each(pages)('the links of %s lead somewhere', (name) => {
  const broken = linksOf(readPage(name)).filter((link) => {
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? name : path.join(path.dirname(name), file);
    if (!existsSync(path.join(ROOT, target))) return true;
    return anchor !== undefined && !anchorsOf(readPage(target)).includes(anchor);
  });
  expect(broken).toEqual([]);
});
