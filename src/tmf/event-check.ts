/** The seam between those who meet events and what is known of the bodies that the specifications ask for. */
import type { JsonObject } from './document.ts';

/** What happens to an event that does not fit: it is counted and logged only, or taken out of the way. */
export type Consequence = 'warn' | 'quarantine';

export interface Objection {
  /** The API whose schema the event does not fit. */
  readonly api: string;
  readonly mode: Consequence;
  /** At least one short sentence, at most 5. They name members, and no values of the event. */
  readonly errors: readonly string[];
}

/**
 * What is to be said against an event of these APIs, in any of their versions; undefined when nothing is, or when it
 * cannot be known. Never throws. `document` is the whole envelope.
 */
export type EventCheck = (
  apis: readonly string[],
  eventType: string,
  document: JsonObject,
) => Objection | undefined;

/** The check of the events of a source, by the source's name. */
export type EventChecks = (source: string) => EventCheck;

/** What follows "the event" in a sentence. */
export function objectionText({ api, errors }: Objection, eventType: string): string {
  return `does not fit the ${eventType} of ${api}: ${errors.join('; ')}`;
}
