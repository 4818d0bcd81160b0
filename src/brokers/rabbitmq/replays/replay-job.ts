import type { ReplayJob } from '../../log/log.ts';
import type { EventStream } from '../streams/event-stream.ts';
import { keyOf, type StreamRange } from './replay-range.ts';

/** `recovery`: what a lost queue had, offered as if for the first time. */
export type Purpose = 'replay' | 'recovery';

/** `unique`: of all jobs. */
export function jobIdOf(subscriptionId: string, purpose: Purpose, unique: string): string {
  return `${subscriptionId}.${purpose}.${unique}`;
}

export function jobOf(
  stream: EventStream,
  { id, subscriptionId }: Pick<ReplayJob, 'id' | 'subscriptionId'>,
  range: StreamRange,
  correlationId: string | undefined,
): ReplayJob {
  const key = keyOf(stream);
  return {
    id,
    subscriptionId,
    topicIds: { [key]: stream.name },
    starts: { [key]: range.start },
    ends: { [key]: range.end },
    ...(correlationId === undefined ? {} : { correlationId }),
  };
}

/** Nothing for a job of another stream. */
export function rangeOf(stream: EventStream, { starts, ends }: ReplayJob): StreamRange {
  const key = keyOf(stream);
  return { start: starts[key] ?? 0, end: ends[key] ?? 0 };
}

export function isRecovery({ id, subscriptionId }: ReplayJob): boolean {
  return id.startsWith(jobIdOf(subscriptionId, 'recovery', ''));
}
