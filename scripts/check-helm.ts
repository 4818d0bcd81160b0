/**
 * Is the chart what Helm and Kubernetes take? Lints it, renders it with every set of values in helm/matrix/, holds what
 * comes out against three versions of Kubernetes, sees that the wrong sets are refused, and runs the chart's own tests.
 * The tools are fetched at the first run, some minutes. Exit 1 when anything is found.
 */
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { withExamples } from './helm/charts.ts';
import { checkRefusal, checkSet, runUnitTests, validators } from './helm/check-chart.ts';
import { kubernetesSchemas, KUBERNETES_VERSIONS } from './helm/kubernetes-schemas.ts';
import { atOnce } from './helm/run.ts';
import { helm, helmUnittest } from './helm/tools.ts';
import { valueSets } from './helm/value-sets.ts';

const CHARTS = path.resolve(import.meta.dirname, '../helm');
const CHART = path.join(CHARTS, 'tmf-hub-gateway');
const FEWEST_SETS = 12;
const FEWEST_WRONG = 10;

const tell = (line: string): void => console.error(line);

try {
  const { findings, summary } = await check();
  for (const finding of findings) console.error(`- ${finding}`);
  console.log(findings.length === 0 ? summary : `${summary}: ${findings.length} findings`);
  process.exitCode = findings.length === 0 ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function check(): Promise<{ findings: string[]; summary: string }> {
  // In turn: building uses all processors anyway.
  await helm(tell);
  const unittest = await helmUnittest(tell);
  const validate = await validators(await kubernetesSchemas(tell));

  const sets = await valueSets(path.join(CHARTS, 'matrix'));
  const wrong = await valueSets(path.join(CHARTS, 'matrix/wrong'));
  const many = availableParallelism();
  const units = await runUnitTests(CHART, unittest);
  const checked = await atOnce(many, [undefined, ...sets], (set) => checkSet(CHART, set, validate));
  const examples = await withExamples(CHARTS, (charts) =>
    atOnce(many, charts, (chart) => checkSet(chart, undefined, validate)),
  );
  const refused = await atOnce(many, wrong, (set) => checkRefusal(CHART, set));

  const all = [...checked, ...examples];
  const findings = [
    ...units.findings,
    ...all.flatMap(({ findings }) => findings),
    ...refused.flat(),
    ...tooFew(sets.length, FEWEST_SETS, 'sets of values'),
    ...tooFew(wrong.length, FEWEST_WRONG, 'wrong sets of values'),
  ];
  const manifests = all.reduce((sum, { manifests }) => sum + manifests, 0);
  const summary =
    `helm: defaults, ${sets.length} sets of values, ${examples.length} example(s): ` +
    `${manifests} manifests for Kubernetes ${KUBERNETES_VERSIONS.join(', ')}, ` +
    `${wrong.length} wrong sets, ${units.tests} unit tests`;
  return { findings, summary };
}

function tooFew(count: number, fewest: number, what: string): string[] {
  return count >= fewest ? [] : [`there are ${count} ${what}, fewer than ${fewest}`];
}
