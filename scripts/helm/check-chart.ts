/** One chart with one set of values, held against everything that a cluster would refuse. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import { KUBERNETES_VERSIONS, type KubernetesVersion } from './kubernetes-schemas.ts';
import type { Manifest } from './manifests.ts';
import { wrongNames } from './names.ts';
import { missingReferences } from './references.ts';
import { render } from './render.ts';
import { run } from './run.ts';
import { helm } from './tools.ts';
import { type Validate, validatorOf } from './validation.ts';
import { refusal, type ValueSet } from './value-sets.ts';

/** Helm allows no longer one. */
const LONG_RELEASE = 'a-release-with-the-longest-name-that-helm-allows-here';

export interface Checked {
  /** Sentences; none when all is well. */
  readonly findings: readonly string[];
  readonly manifests: number;
}

export type Validators = ReadonlyMap<KubernetesVersion, Validate>;

/** One for each version. `schemas` is the folder that `kubernetesSchemas` gives. */
export async function validators(schemas: string): Promise<Validators> {
  const made = KUBERNETES_VERSIONS.map(
    async (version) => [version, await validatorOf(schemas, version)] as const,
  );
  return new Map(await Promise.all(made));
}

/** Without a set, the chart's defaults. */
export async function checkSet(
  chart: string,
  set: ValueSet | undefined,
  validators: Validators,
): Promise<Checked> {
  const defaults: unknown = parse(await readFile(path.join(chart, 'values.yaml'), 'utf8'));
  const installs: Install[] = [
    ...KUBERNETES_VERSIONS.map((kubeVersion) => ({ kubeVersion, release: 'hub', namespace: 'telco' })),
    { kubeVersion: KUBERNETES_VERSIONS[0], release: LONG_RELEASE, namespace: 'elsewhere' },
  ];
  const findings = await lint(chart, set);
  let count = 0;
  for (const install of installs) {
    const { ok, manifests, stderr } = await render({ chart, values: set?.file, ...install });
    const found = ok
      ? await refusals(manifests, install, [defaults, set?.values], validators)
      : [`Helm renders nothing: ${stderr.trim()}`];
    findings.push(
      ...found.map((what) => `Kubernetes ${install.kubeVersion}, release ${install.release}: ${what}`),
    );
    count += manifests.length;
  }
  const of = `${path.basename(chart)}, ${set?.name ?? 'defaults'}`;
  return { findings: findings.map((what) => `${of}: ${what}`), manifests: count };
}

interface Install {
  readonly kubeVersion: KubernetesVersion;
  readonly release: string;
  readonly namespace: string;
}

async function refusals(
  manifests: readonly Manifest[],
  { kubeVersion, namespace }: Install,
  values: unknown,
  validators: Validators,
): Promise<string[]> {
  const invalid = await Promise.all(
    manifests.map(async (manifest) => (await validators.get(kubeVersion)?.(manifest)) ?? []),
  );
  return [...invalid.flat(), ...wrongNames(manifests, namespace), ...missingReferences(manifests, values)];
}

async function lint(chart: string, set: ValueSet | undefined): Promise<string[]> {
  const values = set === undefined ? [] : ['--values', set.file];
  const version = ['--kube-version', KUBERNETES_VERSIONS[0]];
  const { code, stdout, stderr } = await run(await helm(), [
    'lint',
    '--strict',
    '--quiet',
    ...version,
    ...values,
    chart,
  ]);
  return code === 0 ? [] : [`helm lint --strict: ${`${stdout}\n${stderr}`.trim()}`];
}

/** A wrong set must be refused, and for the reason that it gives. */
export async function checkRefusal(chart: string, set: ValueSet): Promise<string[]> {
  const { ok, stderr } = await render({ chart, values: set.file, kubeVersion: KUBERNETES_VERSIONS[0] });
  const expected = refusal(set);
  if (ok) return [`wrong/${set.name}: the chart takes it, and should say "${expected}"`];
  if (stderr.includes(expected)) return [];
  return [`wrong/${set.name}: refused, but not with "${expected}": ${stderr.trim()}`];
}

/** The chart's own tests, `tests/*_test.yaml`; none is a finding. */
export async function runUnitTests(
  chart: string,
  unittest: string,
): Promise<{ findings: string[]; tests: number }> {
  const { code, stdout, stderr } = await run(unittest, ['--strict', '--color=false', chart]);
  const passed = Number(/^Tests:.*?(\d+) passed/m.exec(stdout)?.[1] ?? 0);
  if (code === 0 && passed > 0) return { findings: [], tests: passed };
  const why = code === 0 ? 'there are none in tests/*_test.yaml' : `${stdout}\n${stderr}`.trim();
  return { findings: [`${path.basename(chart)}, unit tests: ${why}`], tests: passed };
}
