import type { Replica } from '../replica.ts';

/** Partitions of its sources that a gateway says it reads now. */
export async function partitionsOf(replica: Replica): Promise<number> {
  const answer = await fetch(`${replica.now.admin}/admin/subscriptions`);
  const { items } = (await answer.json()) as { items: { positions: Record<string, number> }[] };
  return Object.keys(items[0]?.positions ?? {}).length;
}
