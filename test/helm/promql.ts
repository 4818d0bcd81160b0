/** What Prometheus makes of the chart's rules and queries, by promtool; and which series they ask for. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { run, type Ran } from '../../scripts/helm/run.ts';
import { promtool } from '../../scripts/helm/tools.ts';

export interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Groups {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
}

/** One of `tests` in promtool's test files, with a sample per minute. */
export interface UnitTest {
  readonly name: string;
  readonly input_series: readonly { readonly series: string; readonly values: string }[];
  readonly promql_expr_test?: readonly {
    readonly expr: string;
    readonly eval_time: string;
    readonly exp_samples: readonly { readonly labels: string; readonly value: number }[];
  }[];
  readonly alert_rule_test?: readonly {
    readonly alertname: string;
    readonly eval_time: string;
    readonly exp_alerts: readonly { exp_labels: object; exp_annotations: object }[];
  }[];
}

/** '' when all rules are ones that Prometheus loads, with templates that it can fill in. */
export async function complaintsAbout(groups: Groups): Promise<string> {
  return withFiles({ 'rules.yaml': groups }, async (dir) =>
    said(await run(await promtool(), ['check', 'rules', 'rules.yaml'], { directory: dir })),
  );
}

/** '' when the rules and queries give what the tests say. */
export async function failuresOf(groups: Groups, tests: readonly UnitTest[]): Promise<string> {
  const file = {
    rule_files: ['rules.yaml'],
    evaluation_interval: '1m',
    tests: tests.map((one) => ({ interval: '1m', ...one })),
  };
  return withFiles({ 'rules.yaml': groups, 'tests.yaml': file }, async (dir) =>
    said(await run(await promtool(), ['test', 'rules', 'tests.yaml'], { directory: dir })),
  );
}

function said({ code, stdout, stderr }: Ran): string {
  return code === 0 ? '' : `${stdout}${stderr}`;
}

async function withFiles<T>(
  files: Readonly<Record<string, object>>,
  use: (dir: string) => Promise<T>,
): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'tmf-hub-promql-'));
  try {
    for (const [name, content] of Object.entries(files))
      await writeFile(join(dir, name), stringify(content, { aliasDuplicateObjects: false, lineWidth: 0 }));
    return await use(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

export type Labels = Readonly<Record<string, string>>;

export interface Selector {
  readonly metric: string;
  readonly matchers: readonly { readonly label: string; readonly how: string; readonly value: string }[];
}

/** What a query names with braces behind it; the chart's queries never name a series without. */
export function selectorsOf(query: string): Selector[] {
  return [...query.matchAll(/([a-zA-Z_:][\w:]*)\{([^}]*)\}/g)].map(([, metric = '', inside = '']) => ({
    metric,
    matchers: [...inside.matchAll(/(\w+)(=~|!~|!=|=)"([^"]*)"/g)].map(
      ([, label = '', how = '', value = '']) => ({
        ...{ label, how, value },
      }),
    ),
  }));
}

/** Labels that Prometheus gives to all series of a target. */
const OF_TARGETS = ['namespace', 'job'];

/** Whether one of the samples is what the selector asks for, targets aside. A label that is excluded must be there. */
export function picks(
  { metric, matchers }: Selector,
  samples: readonly (readonly [string, Labels])[],
): boolean {
  return samples.some(
    ([name, labels]) =>
      name === metric &&
      matchers.every(({ label, how, value }) => {
        if (OF_TARGETS.includes(label)) return true;
        const is = labels[label];
        if (is === undefined) return false;
        const matches = how.endsWith('~') ? new RegExp(`^(?:${value})$`).test(is) : is === value;
        return how.startsWith('!') ? !matches : matches;
      }),
  );
}

/** Prometheus' text form, without values. */
export function samplesOf(exposition: string): [string, Labels][] {
  return exposition
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', labels = ''] = /^(\w+)(?:\{(.*)\})? /.exec(line) ?? [];
      const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]);
      return [name, Object.fromEntries(pairs) as Labels];
    });
}
