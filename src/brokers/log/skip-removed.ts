import type { Logger } from '../../logger.ts';
import type { Cursor } from './cursor.ts';

/**
 * Moves cursors to what the log still has. What retention took before it was delivered is counted and said
 * (PITFALLS 25); a position beyond the end of the log starts anew there. `head` is where the joined ones stand.
 */
export function skipRemoved(
  cursors: Iterable<Cursor>,
  head: number,
  { start, end }: { readonly start: number; readonly end: number },
  logger: Logger,
): void {
  for (const cursor of cursors) {
    const { topic, partition } = cursor.partition;
    const { feedId } = cursor;
    const subscription = cursor.outlet.subscriptionId;
    const at = cursor.joined ? head : cursor.readAt;
    if (at > end) {
      logger.error({ subscription, feedId, topic, partition, position: at, end }, 'position.beyond-log-end');
      cursor.restartAt(end);
    } else if (at < start) {
      const lost = cursor.ledger.forgetBelow(start) + Math.max(0, start - Math.max(at, cursor.next));
      cursor.skipTo(start);
      cursor.lost += lost;
      logger.error(
        { subscription, feedId, topic, partition, from: at, to: start, lost },
        'events.lost-to-retention',
      );
    }
  }
}
