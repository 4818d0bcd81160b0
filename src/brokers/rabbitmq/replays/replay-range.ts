import type { Clock } from '../../../time.ts';
import type { ReplayRange } from '../../broker.ts';
import type { EventStream } from '../streams/event-stream.ts';

const READ_BYTES = 1 << 20;
/** Where events come without a pause, no end would ever be reached. */
const LONGEST_LOOK_MS = 2_000;

/** A part of the stream: from `start` up to `end`, which is exclusive. Empty when `start` is not below it. */
export interface StreamRange {
  readonly start: number;
  readonly end: number;
}

/** How the stream is named where several `topic:partition` are told apart. */
export function keyOf(stream: EventStream): string {
  return `${stream.name}:0`;
}

/**
 * Which part of the stream a range is. All that was confirmed before the call counts as there. Of times the events'
 * own stamps decide, so that a range begins at the first event that is stamped so late, and ends before it. Rejects
 * for offsets of anything else than the stream.
 */
export async function rangeIn(
  stream: EventStream,
  { from, to }: ReplayRange,
  clock: Clock,
): Promise<StreamRange> {
  if ('offsets' in from) refuseOthers(stream, Object.keys(from.offsets));
  const { start } = await stream.bounds();
  const end = await endOf(stream, clock);
  return {
    start: Math.max(start, await startOf(stream, from, end)),
    end: to === undefined ? end : await firstAt(stream, Date.parse(to), end),
  };
}

function refuseOthers(stream: EventStream, names: readonly string[]): void {
  const others = names.filter((name) => name !== keyOf(stream));
  if (others.length > 0)
    throw new Error(`there is nothing called ${others.join(', ')}, only ${keyOf(stream)}`);
}

async function startOf(stream: EventStream, from: ReplayRange['from'], end: number): Promise<number> {
  if ('offsets' in from) return from.offsets[keyOf(stream)] ?? end;
  if ('time' in from) return firstAt(stream, Date.parse(from.time), end);
  const [found] = await stream.find({ eventId: from.eventId }, 1);
  return found?.offset ?? end;
}

/** The stream may say less than is there; an event that is left out here would be left out for ever. */
async function endOf(stream: EventStream, clock: Clock): Promise<number> {
  let { end } = await stream.bounds();
  for (const until = clock.monotonic() + LONGEST_LOOK_MS; clock.monotonic() < until;) {
    const { events, next } = await stream.read(end, READ_BYTES);
    if (events.length === 0) break;
    end = next;
  }
  return end;
}

/** The stream finds a time by the second and the chunk. */
async function firstAt(stream: EventStream, time: number, end: number): Promise<number> {
  for (let at = await stream.offsetAt(time); at < end;) {
    const { events, next } = await stream.read(at, READ_BYTES);
    const found = events.find(({ record }) => record.timestamp >= time);
    if (found) return Math.min(found.offset, end);
    if (events.length === 0) break;
    at = next;
  }
  return end;
}
