/** Events that were posted to a topic, looked up in the brokers: nothing else keeps them (TMF688). */
import type { SourceRecord } from '../../brokers/broker.ts';
import type { Logger } from '../../logger.ts';
import { asObject, type JsonObject } from '../../tmf/document.ts';
import { parseJson } from '../body.ts';
import { refuse, unavailable } from '../refusal.ts';
import type { Refusal } from '../refusal.ts';

export interface PostedEventDependencies {
  /** Records with this event id in all sources, whoever published them. Rejects when a source cannot be asked. */
  readonly findEvent: (eventId: string) => Promise<readonly SourceRecord[]>;
  readonly logger: Logger;
}

export type PostedEvents = (
  topicId: string,
  eventId: string,
) => Promise<{ readonly ok: true; readonly event: JsonObject } | Refusal>;

/** A broker without an index reads all that it has: more at once would take it away from deliveries. */
const MOST_AT_ONCE = 2;

export function createPostedEvents({ findEvent, logger }: PostedEventDependencies): PostedEvents {
  let searching = 0;
  return async (topicId, eventId) => {
    if (searching >= MOST_AT_ONCE) return unavailable('other events are being looked for; ask again later');
    searching += 1;
    try {
      const records = await findEvent(eventId);
      const [event] = records.filter(({ headers }) => headers['tmfTopic'] === topicId).flatMap(objectsIn);
      if (event !== undefined) return { ok: true, event };
    } catch (error) {
      logger.warn({ err: error, topicId, eventId }, 'topic.event.find.failed');
      return unavailable('a broker is away, whether there is such an event is not known here');
    } finally {
      searching -= 1;
    }
    const about = `${JSON.stringify(eventId)} was posted to the topic ${topicId}`;
    return refuse(404, 'Not found', `no event ${about}, or the broker no longer has it`);
  };
}

/** One, or none where the record holds something else. */
function objectsIn({ value }: SourceRecord): readonly JsonObject[] {
  const parsed = parseJson(Buffer.from(value).toString('utf8'));
  const event = parsed.ok ? asObject(parsed.value) : undefined;
  return event === undefined ? [] : [event];
}
