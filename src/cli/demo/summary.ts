import { sheet, table } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import type { Account } from './ledger.ts';
import type { Findings } from './plot.ts';

export interface Summary extends Findings {
  readonly ok: boolean;
  readonly published: number;
  readonly seconds: number;
  readonly listeners: readonly Account[];
}

/** The verdict: everything owed came, once, in order, and nothing else. */
export function summarise(
  published: number,
  listeners: readonly Account[],
  findings: Findings,
  seconds: number,
): Summary {
  const clean = listeners.every(
    ({ lost, duplicates, outOfOrder, unexpected }) => lost + duplicates + outOfOrder + unexpected === 0,
  );
  const ok = clean && published > 0 && findings.deadLetters === 0 && findings.replayed === 1;
  return { ok, published, seconds: Math.round(seconds * 10) / 10, listeners, ...findings };
}

export function summaryLines(summary: Summary, paint: Terminal['paint']): string[] {
  const { published, deadLetters, replayed, circuitsOpened, retries, seconds, ok } = summary;
  const bad = (n: number) => (n === 0 ? '0' : paint('red', String(n)));
  const heading = ['', 'owed', 'delivered', 'refused', 'duplicates', 'out of order', 'unexpected', 'lost'];
  const rows = summary.listeners.map((account) => [
    account.listener,
    String(account.owed),
    String(account.delivered),
    String(account.refused),
    bad(account.duplicates),
    bad(account.outOfOrder),
    bad(account.unexpected),
    bad(account.lost),
  ]);
  return [
    ...sheet([
      ['Events published', published],
      ['Attempts made again', retries],
      ['Outages bridged', circuitsOpened],
      ['Dead letters', `${deadLetters + replayed}, of them replayed ${replayed}`],
      ['Seconds', seconds],
    ]),
    '',
    ...table([heading, ...rows]),
    '',
    ok
      ? paint('green', 'Nothing was lost, doubled or out of order.')
      : paint('red', 'This is not what the gateway promises: see the table.'),
  ];
}
