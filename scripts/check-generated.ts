/** Are the generated files what their generators would write? Exit 1 when one is not; each generator says which. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

const generators = [
  'generate-catalogue.ts',
  'generate-schemas.ts',
  'generate-samples.ts',
  'generate-triples.ts',
  'generate-config-reference.ts',
  'generate-openapi.ts',
  'generate-chart.ts',
];

const scripts = generators
  .map((name) => path.join(import.meta.dirname, name))
  .filter((script) => existsSync(script));
const failures = scripts.filter(
  (script) => spawnSync(process.execPath, [script, '--check'], { stdio: 'inherit' }).status !== 0,
);
process.exitCode = failures.length === 0 ? 0 : 1;
