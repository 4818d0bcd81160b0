/** One scenario's line of the report. */
export interface Row {
  readonly broker: string;
  readonly scenario: string;
  readonly events: number;
  readonly lost: number;
  readonly violations: number;
  readonly duplicates: number;
  readonly allowed: number;
  readonly deadLetters: number;
  readonly longestGapMs: number;
  readonly recoveredAfterMs: number;
}

export interface Run {
  readonly minutes: number;
  readonly passed: boolean;
  readonly machine: string;
}

const COLUMNS: readonly [string, (row: Row) => string | number][] = [
  ['broker', ({ broker }) => broker],
  ['scenario', ({ scenario }) => scenario],
  ['events', ({ events }) => events],
  ['lost', ({ lost }) => lost],
  ['order violations', ({ violations }) => violations],
  ['duplicates', ({ duplicates }) => duplicates],
  ['duplicates allowed', ({ allowed }) => allowed],
  ['dead letters', ({ deadLetters }) => deadLetters],
  ['longest gap, ms', ({ longestGapMs }) => Math.round(longestGapMs)],
  ['recovered after, ms', ({ recoveredAfterMs }) => Math.round(recoveredAfterMs)],
];

/** Markdown. */
export function reportOf(rows: readonly Row[], { minutes, passed, machine }: Run): string {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
  return [
    '# Faults on real brokers',
    '',
    `${passed ? 'All passed' : 'NOT ALL PASSED'} in ${minutes.toFixed(1)} minutes on ${machine}.`,
    '',
    'Each scenario has three subscriptions; lost, violations and duplicates are sums over them. The gap is the longest',
    'time in which one subscription got nothing from one partition (of RabbitMQ: from its queue); it recovered when',
    'that ended after the disturbance was over.',
    '',
    line(COLUMNS.map(([name]) => name)),
    line(COLUMNS.map((_, i) => (i < 2 ? '---' : '---:'))),
    ...rows.map((row) => line(COLUMNS.map(([, cell]) => cell(row)))),
    '',
  ].join('\n');
}
