import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from './report.ts';
import { EVENTS } from './scale.ts';
import { byPartition, duplicatesAllowed, judge, longestGap, recoveredAfter, type History } from './judge.ts';
import type { Sent } from './load.ts';
import type { Site } from './site.ts';

export interface Expected {
  /** For the report. */
  readonly scenario: string;
  /** Repetitions that each listener must get, for what an operator did; beside those that disturbances allow. */
  readonly repeats?: readonly number[];
}

/** Nothing waits longer for its turn: a circuit's probe comes after 60 s at most, a retry after 30 s. */
const QUIET_MS = 75_000;
const MOST_NAMED = 10;

/**
 * Waits for everything to be delivered, and answers all that is wrong then, in sentences; none when all promises
 * were kept. Writes its line of the report where `npm run faults` wants one.
 */
export async function wrongs(site: Site, { scenario, repeats = [] }: Expected): Promise<string[]> {
  await everythingCame(site);
  const left = await site.leftAtBroker();
  const dead = await deadLetters(site);
  const ids = await site.subscriptionIds();
  const wrong: string[] = [];
  const row = { lost: 0, violations: 0, duplicates: 0, allowed: 0, longestGapMs: 0, recoveredAfterMs: 0 };
  site.listeners.forEach((listener, i) => {
    const who = `listener ${i + 1}`;
    const { receipts } = listener;
    const history: History = { sent: site.load.sent, receipts, dead: dead.get(ids[i]!) ?? new Set() };
    const takable = [...history.dead].filter((eventId) => !listener.refuses(eventId));
    if (takable.length > 0) wrong.push(`${who} has ${takable.length} dead letters, such as ${takable[0]!}`);
    const { lost, overtaken, duplicates, strangers } = judge(history);
    const allowed =
      duplicatesAllowed(receipts, site.disturbances, site.again) + site.load.repeated + (repeats[i] ?? 0);
    wrong.push(...named(`${who} never got`, lost), ...named(`${who} got too late`, overtaken));
    if (duplicates > allowed) wrong.push(`${who} got ${duplicates} twice, of ${allowed} allowed`);
    if (strangers > 0) wrong.push(`${who} got ${strangers} that were not sent`);
    row.lost += lost.length;
    row.violations += overtaken.length;
    row.duplicates += duplicates;
    row.allowed += allowed;
    for (const part of byPartition(history)) {
      row.longestGapMs = Math.max(row.longestGapMs, longestGap(part));
      for (const { overAt } of site.disturbances)
        row.recoveredAfterMs = Math.max(row.recoveredAfterMs, recoveredAfter(part, overAt));
    }
  });
  const letters = [...dead.values()].reduce((sum, events) => sum + events.size, 0);
  wrong.push(...left, ...site.replicas.flatMap((replica) => replica.complaints()));
  report({ broker: site.broker, scenario, events: site.load.sent.length, deadLetters: letters, ...row });
  return wrong;
}

async function everythingCame(site: Site): Promise<void> {
  const began = performance.now();
  const isAllThere = (): boolean =>
    site.listeners.every(({ firsts }) => site.load.sent.every(({ eventId }) => firsts.has(eventId)));
  while (!isAllThere() && performance.now() - site.lastReceiptAt(began) < QUIET_MS) await sleep(200);
}

/** Event ids by subscription. */
async function deadLetters(site: Site): Promise<Map<string, Set<string>>> {
  const found = new Map<string, Set<string>>();
  for (let offset = 0, total = 1; offset < total;) {
    const page = await site.ask<{ items: { subscriptionId: string; eventId: string }[]; total: number }>(
      `/admin/dead-letters?limit=1000&offset=${offset}`,
    );
    for (const { subscriptionId, eventId } of page.items) {
      found.set(subscriptionId, (found.get(subscriptionId) ?? new Set()).add(eventId));
    }
    total = page.total;
    offset += page.items.length || total;
  }
  return found;
}

function named(what: string, events: readonly Sent[]): string[] {
  const lines = events.slice(0, MOST_NAMED).map(({ eventId, key, sequence, partition, offset }) => {
    return `${what} ${eventId} (${key} number ${sequence}, at ${partition}:${offset})`;
  });
  return events.length > MOST_NAMED ? [...lines, `${what} ${events.length} in all`] : lines;
}

function report(row: Row): void {
  const file = process.env['FAULTS_ROWS'];
  if (file) appendFileSync(file, `${JSON.stringify(row)}\n`);
}

/** Generous: a test waits for conditions, and this only ends one that waits in vain. */
export const TEST_MS = EVENTS * 20 + 300_000;
