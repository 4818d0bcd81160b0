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
  const most = Math.ceil(queues.length / Math.max(1, replicas.length));
  const load = new Map<string, number>();
  const places = new Map<string, string>();
  for (const queue of queues.toSorted()) {
    const ranked = replicas
      .map((id) => ({ id, score: murmur2(`${id} ${queue}`) }))
      .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
    const chosen = ranked.find(({ id }) => (load.get(id) ?? 0) < most);
    if (!chosen) break;
    load.set(chosen.id, (load.get(chosen.id) ?? 0) + 1);
    places.set(queue, chosen.id);
  }
  return places;
}
