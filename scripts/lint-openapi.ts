/** Lints the descriptions in `openapi/` by the rules of `redocly.yaml`. Exit 1 when anything is found. */
import path from 'node:path';
import { formatProblems, getTotals, lint, loadConfig } from '@redocly/openapi-core';

const root = path.resolve(import.meta.dirname, '..');
const given = process.argv.slice(2);
const files = given.length > 0 ? given : ['openapi/gateway.json', 'openapi/admin.json'];

const config = await loadConfig({ configPath: path.join(root, 'redocly.yaml') });
for (const file of files) {
  const problems = await lint({ ref: path.resolve(root, file), config });
  if (problems.length === 0) continue;
  formatProblems(problems, { format: 'codeframe', totals: getTotals(problems), version: '' });
  process.exitCode = 1;
}
