/** What `helm template` makes of a chart. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import { type Manifest, parseManifests } from './manifests.ts';
import { run } from './run.ts';
import { helm } from './tools.ts';

export interface Rendering {
  /** The chart's folder. */
  readonly chart: string;
  /** The path of a file, or the values themselves; none for the chart's defaults. */
  readonly values?: string | object | undefined;
  /** Default `hub`. */
  readonly release?: string;
  /** Default `telco`. */
  readonly namespace?: string;
  /** Such as 1.33.0; default, the one that this Helm was made for. */
  readonly kubeVersion?: string;
  /** Of custom resources that the cluster knows, such as monitoring.coreos.com/v1. */
  readonly apiVersions?: readonly string[];
}

export interface Rendered {
  /** Whether Helm took the values and made manifests of them. */
  readonly ok: boolean;
  /** In Helm's order; none when it did not. */
  readonly manifests: readonly Manifest[];
  /** What Helm said, why not or warnings; or what is wrong with what it made. */
  readonly stderr: string;
}

// Helm is asked for its version when it is looked for; once is enough.
let found: Promise<string> | undefined;

/** Rejects only when Helm cannot be had. Takes a tenth of a second. */
export async function render(rendering: Rendering): Promise<Rendered> {
  const { chart, values, release = 'hub', namespace = 'telco', kubeVersion, apiVersions = [] } = rendering;
  const program = await (found ??= helm());
  return withValuesFile(values, async (file) => {
    const { code, stdout, stderr } = await run(program, [
      ...['template', release, chart, '--namespace', namespace],
      ...(kubeVersion === undefined ? [] : ['--kube-version', kubeVersion]),
      ...apiVersions.flatMap((version) => ['--api-versions', version]),
      ...file.flatMap((name) => ['--values', name]),
    ]);
    if (code !== 0) return { ok: false, manifests: [], stderr };
    try {
      return { ok: true, manifests: parseManifests(stdout), stderr };
    } catch (error) {
      return { ok: false, manifests: [], stderr: stderr + (error as Error).message };
    }
  });
}

async function withValuesFile<Result>(
  values: Rendering['values'],
  use: (file: readonly string[]) => Promise<Result>,
): Promise<Result> {
  if (values === undefined) return use([]);
  if (typeof values === 'string') return use([values]);
  const directory = await mkdtemp(path.join(os.tmpdir(), 'tmf-hub-values-'));
  try {
    const file = path.join(directory, 'values.yaml');
    await writeFile(file, stringify(values));
    return await use([file]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
