import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../support/listener.ts';
import type { Replica } from './replica.ts';
import { subscriptionsOf, type Site } from './site.ts';

export const ORDERS = '/tmf-api/productOrderingManagement/v4';

export interface Registration {
  readonly callback: string;
  readonly query?: string;
}

export interface Registered {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly id: string | undefined;
}

/** `POST {base}/hub` of one gateway. */
export async function postHub(
  replica: Replica,
  { callback, query = '' }: Registration,
  base = ORDERS,
): Promise<Registered> {
  const answer = await fetch(`${replica.now.url}${base}/hub`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ callback, query }),
  });
  const { id } = (await answer.json()) as { id?: string };
  return { status: answer.status, retryAfter: answer.headers.get('retry-after'), id };
}

/** The status of the answer to `GET` or `DELETE` of one subscription. */
export async function askForHub(replica: Replica, id: string, method = 'GET'): Promise<number> {
  const answer = await fetch(`${replica.now.url}${ORDERS}/hub/${id}`, { method });
  await answer.arrayBuffer();
  return answer.status;
}

/** Makes the subscriptions of all listeners at one gateway; asks again when it cannot make one now. */
export async function subscribeAll(site: Site, at: Replica): Promise<void> {
  for (const { api, callback, query } of subscriptionsOf(site.listeners)) {
    const isMade = async (): Promise<boolean> => {
      const { status } = await postHub(at, { callback, ...(query && { query }) }, api ? ORDERS : '');
      if (status !== 201 && status !== 503) throw new Error(`POST /hub at ${at.name}: ${status}`);
      return status === 201;
    };
    await until(isMade, `${callback} registered`, 60_000);
  }
}

/**
 * Waits until each gateway lists the subscriptions of all listeners under the same ids, and `more` others; answers what
 * is wrong with their lists.
 */
export async function wronglyListed(site: Site, more = 0): Promise<string[]> {
  const giveUpAt = performance.now() + TOLD_MS;
  for (;;) {
    const wrong = await wrongNow(site, more);
    if (wrong.length === 0 || performance.now() > giveUpAt) return wrong;
    await sleep(100);
  }
}

/** Gateways that were not told of a change look for it after some seconds. */
const TOLD_MS = 20_000;

async function wrongNow(site: Site, more: number): Promise<string[]> {
  const lists = await Promise.all(
    site.replicas.map(async (replica) => {
      const { total } = await site.ask<{ total: number }>('/admin/subscriptions', replica);
      return { name: replica.name, total, ids: await site.subscriptionIds(replica) };
    }),
  );
  const wanted = lists[0]!.ids.join();
  return lists.flatMap(({ name, total, ids }) => [
    ...(ids.includes('missing') ? [`${name} lists ${ids.join()}`] : []),
    ...(ids.join() === wanted ? [] : [`${name} lists ${ids.join()}, not ${wanted}`]),
    ...(total === ids.length + more ? [] : [`${name} lists ${total} subscriptions`]),
  ]);
}

/** `GET /readyz`: the status, and the parts that are not ready with their reasons. */
export async function readinessOf(
  replica: Replica,
): Promise<{ status: number; wrong: Record<string, string> }> {
  const answer = await fetch(`${replica.now.admin}/readyz`);
  const { parts } = (await answer.json()) as { parts: Record<string, { ok: boolean; reason?: string }> };
  const wrong = Object.entries(parts).filter(([, { ok }]) => !ok);
  return {
    status: answer.status,
    wrong: Object.fromEntries(wrong.map(([part, { reason = '' }]) => [part, reason])),
  };
}
