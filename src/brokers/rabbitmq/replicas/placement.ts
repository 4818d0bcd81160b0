import { murmur2 } from '../../log/murmur2.ts';

/**
 * Which replica is to work on which queue: spread evenly (their numbers differ by one at most), the same for everybody
 * who knows the same replicas and queues, and mostly as before when one of either comes or goes. Each queue goes to
 * the replica that a hash of both likes most, of those that still have room.
 */
export function placement(
  replicas: readonly string[],
  queues: readonly string[],
): ReadonlyMap<string, string> {
  const share = Math.floor(queues.length / Math.max(1, replicas.length));
  // So many replicas have one queue more than the others: a limit alone would let some run empty.
  let larger = queues.length - share * replicas.length;
  const load = new Map(replicas.map((id) => [id, 0]));
  const places = new Map<string, string>();
  for (const queue of queues.toSorted()) {
    const chosen = byLiking(replicas, queue).find((id) => (load.get(id) ?? 0) < share + (larger > 0 ? 1 : 0));
    if (chosen === undefined) break;
    const before = load.get(chosen) ?? 0;
    if (before === share) larger--;
    load.set(chosen, before + 1);
    places.set(queue, chosen);
  }
  return places;
}

function byLiking(replicas: readonly string[], queue: string): string[] {
  return replicas
    .map((id) => ({ id, score: murmur2(`${id} ${queue}`) }))
    .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
    .map(({ id }) => id);
}
