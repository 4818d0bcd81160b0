/** The check itself, on a chart that is made wrong. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import {
  checkRefusal,
  checkSet,
  runUnitTests,
  validators,
  type Validators,
} from '../../scripts/helm/check-chart.ts';
import { kubernetesSchemas } from '../../scripts/helm/kubernetes-schemas.ts';
import { helmUnittest } from '../../scripts/helm/tools.ts';
import { valueSets } from '../../scripts/helm/value-sets.ts';

const CONFIG_MAP = `
apiVersion: v1
kind: ConfigMap
metadata: { name: {{ .Release.Name }}-settings }
data: { size: {{ .Values.size | quote }} }
`;

let chart: string;
let validate: Validators;
let unittest: string;

beforeAll(async () => {
  const tell = () => undefined;
  [validate, unittest] = await Promise.all([kubernetesSchemas(tell).then(validators), helmUnittest(tell)]);
}, 300_000);

beforeEach(async () => {
  chart = path.join(await mkdtemp(path.join(os.tmpdir(), 'tmf-hub-chart-')), 'toy');
  for (const folder of ['templates', 'tests', 'matrix'])
    await mkdir(path.join(chart, folder), { recursive: true });
  await write('Chart.yaml', 'apiVersion: v2\nname: toy\nversion: 1.0.0\nicon: file:///none\n');
  await write('values.yaml', 'size: small\n');
  await write('values.schema.json', '{"properties": {"size": {"type": "string"}}}');
  await write('templates/settings.yaml', CONFIG_MAP);
});

afterEach(async () => rm(path.dirname(chart), { recursive: true, force: true }));

const write = async (file: string, text: string) => writeFile(path.join(chart, file), text);

async function setOf(text: string) {
  await write('matrix/set.yaml', text);
  return (await valueSets(path.join(chart, 'matrix')))[0]!;
}

test('a chart is rendered for three versions and under the longest name of a release', async () => {
  expect(await checkSet(chart, await setOf('# Large.\nsize: large'), validate)).toEqual({
    findings: [],
    manifests: 4,
  });
  await write('templates/settings.yaml', CONFIG_MAP.replace('-settings', '-the-settings'));
  expect((await checkSet(chart, undefined, validate)).findings).toEqual([
    expect.stringMatching(
      /^toy, defaults: .*release a-.*-here: ConfigMap\/.*at most 63 characters \(it has 66\)$/,
    ),
  ]);
});

test('what Kubernetes refuses or Helm does not render is a finding that names set and version', async () => {
  const set = await setOf('# Large.\nsize: large');
  await write('templates/settings.yaml', CONFIG_MAP.replace('\ndata:', '\ndate:'));
  const refused = (await checkSet(chart, set, validate)).findings;
  expect(refused).toHaveLength(4);
  expect(refused[1]).toMatch(
    /^toy, set: Kubernetes 1\.33\.0, release hub: ConfigMap\/hub-settings: .* \(date\)$/,
  );
  await write('templates/settings.yaml', CONFIG_MAP.replace('kind: ConfigMap', ''));
  expect((await checkSet(chart, set, validate)).findings.join()).toContain(
    'release hub: Helm renders nothing: a rendered document has no apiVersion, kind or name',
  );
  await write('templates/settings.yaml', '{{ fail "not like this" }}');
  const failed = (await checkSet(chart, set, validate)).findings;
  expect(failed).toContainEqual(
    expect.stringMatching(/Kubernetes 1\.30\.0, release hub: Helm renders nothing: .*not like this/s),
  );
});

test('what lint only warns of is a finding too', async () => {
  const outdated = `apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: { name: toy }\n`;
  await write('templates/settings.yaml', outdated);
  expect((await checkSet(chart, undefined, validate)).findings[0]).toMatch(
    /^toy, defaults: helm lint --strict: .*policy\/v1beta1 PodDisruptionBudget is deprecated/s,
  );
});

test('a wrong set must be refused, for the reason that it gives', async () => {
  const refused = `# refused: at '/size': got number, want string\n`;
  expect(await checkRefusal(chart, await setOf(`${refused}size: 3`))).toEqual([]);
  expect(await checkRefusal(chart, await setOf(`${refused}size: 'three'`))).toEqual([
    `wrong/set: the chart takes it, and should say "at '/size': got number, want string"`,
  ]);
  expect((await checkRefusal(chart, await setOf(`${refused}size: true`)))[0]).toMatch(
    /^wrong\/set: refused, but not with .*got boolean, want string$/s,
  );
  const forgotten = await setOf('# Three.\nsize: 3');
  await expect(checkRefusal(chart, forgotten)).rejects.toThrow('first line must be "# refused: ');
  await expect(setOf('size: large')).rejects.toThrow('its first line must be a comment');
});

test("the chart's own tests are counted, and there must be some", async () => {
  expect((await runUnitTests(chart, unittest)).findings).toEqual([
    'toy, unit tests: there are none in tests/*_test.yaml',
  ]);
  const suite = (value: string) =>
    `suite: toy\ntests:\n  - it: is small\n    template: settings.yaml\n    asserts: [{ equal: { path: data.size, value: ${value} } }]\n`;
  await write('tests/toy_test.yaml', suite('small'));
  expect(await runUnitTests(chart, unittest)).toEqual({ findings: [], tests: 1 });
  await write('tests/toy_test.yaml', suite('large'));
  expect((await runUnitTests(chart, unittest)).findings[0]).toMatch(/^toy, unit tests: .*is small.*large/s);
});
