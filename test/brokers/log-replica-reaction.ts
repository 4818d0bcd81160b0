import type { Delivery } from '../../src/brokers/broker.ts';
import { seeded } from '../delivery/listener.ts';
import { ATTEMPT_MS } from './log-replica-member.ts';
import type { Reaction } from './log-replica-outlet.ts';

/** The same event fails the same way, whoever delivers it. */
export function reactionTo(delivery: Delivery, seed: number, random: () => number): Reaction {
  const fate = seeded(seed + Number(delivery.event.id.slice(1)) * 7)();
  const isTaken = fate >= 0.03 && (fate >= 0.25 || delivery.attempts >= Math.ceil((0.25 - fate) * 9));
  const pace = random();
  const longest = pace < 0.8 ? 20 : pace < 0.95 ? 600 : ATTEMPT_MS - 1;
  return { isTaken, after: 1 + Math.floor(random() * longest) };
}
