/** The pages about deployment, held against the chart, the gateway's settings, its command line and its log. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cp, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { deadLettersGroup } from '../../src/cli/dead-letters.ts';
import { orphansGroup } from '../../src/cli/orphans.ts';
import { subscriptionsGroup } from '../../src/cli/subscriptions.ts';
import { loadConfig, type Config } from '../../src/config/load.ts';
import { keys } from '../../src/config/schema.ts';
import { Charts } from '../helm/charts.ts';
import { environmentOf, siteOf } from '../helm/site.ts';
import { createTestCa } from '../support/test-ca.ts';
import { blocksOf, codeOf, readPage, ROOT, type Page } from './pages.ts';

type Values = Readonly<Record<string, unknown>>;
type Block = readonly [title: string, text: string];

const NAME = 'tmf-hub-gateway';
const names = ['operations', 'sidecar', 'oda-canvas'].map((name) => `docs/${name}.md`);
const pages = [...names, 'helm/examples/legacy-listener/README.md'].map(readPage);
const sidecarPage = readPage('docs/sidecar.md');

const blocks = (page: Page, language: string): Block[] =>
  blocksOf(page)
    .filter((block) => block.language === language)
    .map(({ text }, index) => [`${page.name}, ${language} ${index + 1}`, text]);

let dir: string;
let charts: Charts;
let authorities: string;

beforeAll(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'tmf-hub-docs-'));
  const [copied, ca] = await Promise.all([Charts.copy(), createTestCa(path.join(dir, 'ca'))]);
  charts = copied;
  authorities = ca.ca;
});

afterAll(async () => {
  await charts.remove();
  rmSync(dir, { recursive: true, force: true });
});

/** What the gateway makes of the rendered pod, with a real file wherever a certificate is mounted. */
async function load(chart: string, values: Values): Promise<Config> {
  const site = siteOf(await charts.render(chart, values, 'billing'));
  const file = path.join(dir, 'gateway.yaml');
  writeFileSync(file, site.file.replaceAll(/\/etc\/tmf-hub\/tls\/\S+/g, authorities));
  const loaded = loadConfig({ file, env: environmentOf(site.container, () => 'hush') });
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  return loaded.config;
}

const values = pages
  .flatMap((page) => blocks(page, 'yaml'))
  .map(([title, text]) => [title, parse(text) as Values] as const)
  .filter(([, value]) => !('dependencies' in value));

test('there are values', () => expect(values.length).toBeGreaterThan(5));

test.each(values)(
  '%s: the chart takes these values, and the gateway what comes of them',
  async (_, value) => {
    const isOfHost = NAME in value;
    await load(isOfHost ? await hostOf() : charts.gateway, value);
  },
);

/** The chart that somebody has after the five steps of docs/sidecar.md. */
async function hostOf(): Promise<string> {
  const chart = mkdtempSync(path.join(dir, 'billing-'));
  const [[, dependencies] = ['', '']] = blocks(sidecarPage, 'yaml');
  const [[, deployment] = ['', ''], [, ofPod] = ['', '']] = blocks(sidecarPage, 'gotmpl');
  const inPod = [ofPod, 'containers:\n  - { name: billing, image: billing }'].join('\n');
  const [head = '', spec = ''] = deployment.split(/^(?=spec:)/m);
  const template = [head, 'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: billing }\n', spec];
  await mkdir(path.join(chart, 'templates'));
  await cp(charts.gateway, path.join(chart, 'charts', NAME), { recursive: true });
  writeFileSync(
    path.join(chart, 'Chart.yaml'),
    `apiVersion: v2\nname: billing\nversion: 1.0.0\n${dependencies}`,
  );
  writeFileSync(
    path.join(chart, 'templates/deployment.yaml'),
    template.join('') + inPod.replaceAll(/^(?=.)/gm, ' '.repeat(6)),
  );
  return chart;
}

test('the five steps of docs/sidecar.md make a chart whose pod delivers what was declared', async () => {
  const [[, value] = ['', '']] = blocks(sidecarPage, 'yaml').filter(([, text]) => text.startsWith(NAME));
  const chart = await hostOf();
  const { subscriptions, kafka, server } = await load(chart, parse(value) as Values);
  expect(subscriptions.map(({ callback }) => callback)).toEqual([
    'http://localhost:9000/listener/productOrderStateChangeEvent',
  ]);
  expect([kafka.brokers, server.host]).toEqual([['kafka-bootstrap.messaging.svc:9092'], '127.0.0.1']);
  const manifests = await charts.render(chart, parse(value) as Values);
  const { pod } = siteOf(manifests);
  expect(pod).toMatchObject({ terminationGracePeriodSeconds: 45, securityContext: { fsGroup: 1000 } });
});

const defaults = parse(readFileSync(path.join(ROOT, 'helm/tmf-hub-gateway/values.yaml'), 'utf8')) as Values;
const settings = new Set(keys.map(({ key }) => key));

function isValue(name: string): boolean {
  const inside = name
    .split('.')
    .reduce<unknown>((value, step) => (value as Values | undefined)?.[step], defaults);
  return inside !== undefined;
}

const sources = readdirSync(path.join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(path.join(ROOT, 'src', name), 'utf8'))
  .join('\n');

const exists = (name: string): boolean =>
  isValue(name) ||
  settings.has(name.replace(/^config\./, '')) ||
  // A message of the log, or a setting of a broker.
  sources.includes(`'${name}'`);

test.each(pages)('$name names values, settings and log messages that there are', (page) => {
  const named = codeOf(page)
    .map((code) => code.replace(/:( .*)?$/, ''))
    .filter((code) => /^[a-z]\w*(\.[a-z]\w*(-\w+)*)+$/.test(code) && !/\.(ya?ml|svc)$/.test(code));
  expect(named.filter((name) => !exists(name))).toEqual([]);
});

const commands = new Set(
  [subscriptionsGroup(), deadLettersGroup(), orphansGroup()].flatMap((group) =>
    group.commands.map(({ name }) => `${group.name} ${name}`),
  ),
);
const groups = [...new Set([...commands].map((command) => command.split(' ')[0]))].join('|');

test.each([readPage('README.md'), ...pages])('$name shows commands that there are', (page) => {
  const shown = [...codeOf(page), ...blocks(page, 'sh').flatMap(([, text]) => text.split('\n'))];
  const called = shown.flatMap((line) => [
    ...line.matchAll(new RegExp(`(?:^|main\\.js |cli -- |${NAME} )((?:${groups}) [a-z]+)`, 'g')),
  ]);
  expect(called.map(([, command = '']) => command).filter((command) => !commands.has(command))).toEqual([]);
});
