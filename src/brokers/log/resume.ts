import type { Logger } from '../../logger.ts';
import type { Partition, Position } from './log.ts';
import { decodeHoles } from './position.ts';

/**
 * Where a feed goes on: its position, else the beginning `start` of what the log has (a new partition, or one made
 * anew: RULES 4 and 5). Of a position whose holes cannot be read only the offset counts: everything from the lowest
 * unsettled event on comes again.
 */
export function resume(
  feedId: string,
  { topic, partition, topicId }: Partition,
  stored: Position | undefined,
  start: number,
  logger: Logger,
): Position {
  const anew = { subscriptionId: feedId, topic, partition, topicId, offset: start, holes: '' };
  if (!stored) return anew;
  if (stored.topicId !== topicId) {
    logger.warn({ feedId, topic, partition, from: start }, 'topic.recreated');
    return anew;
  }
  if (stored.lost) logger.warn({ feedId, topic, partition, from: stored.offset }, 'position.lost');
  // The strings are the caller's: of many thousand positions each would keep its own.
  const { offset } = stored;
  if (areReadable(stored)) return { ...anew, offset, holes: stored.holes };
  logger.error({ feedId, topic, partition, from: offset, holes: stored.holes }, 'position.unreadable');
  return { ...anew, offset };
}

function areReadable({ offset, holes }: Position): boolean {
  try {
    decodeHoles(offset, holes);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
