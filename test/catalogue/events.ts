/**
 * The events of the walk: one of every type of every API version in each way that a producer can hand it over, built
 * from the specification's own schema where there is one.
 */
import { schemaSample } from '../../scripts/samples/schema-sample.ts';
import { openBundle, type EventSchemas } from '../../src/schemas/bundle.ts';
import type { Document, Produced } from './envelopes.ts';

import type { Triple } from './triples.ts';

export interface WalkEvent extends Produced {
  /** Its place in the list, and in its ids: `event-7` with the resource `resource-7`. */
  readonly number: number;
  readonly triple: Triple;
  /** Path below the gateway's root to post it to. */
  readonly place: string;
}

type Writable = Record<string, unknown>;

/** Envelope, `event`, resource, its members and theirs: deeper ones repeat what stands above. */
const DEPTH = 4;
const AT = '2026-02-03T04:05:06.000Z';

export function allEvents(triples: readonly Triple[]): WalkEvent[] {
  const bundle = openBundle();
  let schemas: EventSchemas | undefined;
  const events: WalkEvent[] = [];
  for (const triple of triples) {
    const { api, version, hasSchema } = triple;
    if (hasSchema && (schemas?.apiId !== api || schemas.version !== version))
      schemas = bundle.read(api, version);
    const template = hasSchema ? schemaSample(schemas!, triple.type, DEPTH) : plainSample(triple);
    for (const place of placesFor(triple, template)) {
      events.push(produced({ triple, place, template, number: events.length }));
    }
  }
  return events;
}

/** The number of the event that a delivered body is. */
export function numberIn(body: string): number {
  return Number(/"(?:event|resource)-(\d+)"/.exec(body)?.[1]);
}

/** Where the event itself does not say its type (TMF909 v3), the path has to. */
function placesFor({ basePath, listener }: Triple, template: Document): string[] {
  const byListener = `${basePath}/listener/${listener}`;
  return 'eventType' in template ? [`${basePath}/event`, byListener] : [byListener];
}

function produced(given: Pick<WalkEvent, 'triple' | 'place' | 'number'> & { template: Document }): WalkEvent {
  const { template, triple, place, number } = given;
  const id = String(number);
  const values = {
    eventId: `event-${id}`,
    eventTime: AT,
    eventType: triple.type,
    correlationId: `case-${id}`,
  };
  const document = JSON.parse(JSON.stringify(template)) as Writable;
  for (const [name, value] of Object.entries({ ...values, '@type': triple.type, '@baseType': 'Event' })) {
    if (name in document) document[name] = value;
  }
  // TMF666 v4.0.0 calls it payload.
  const member = 'event' in document ? 'event' : 'payload';
  identify(document[member] as Writable, triple, number);
  // Blanks that no serialiser writes by default: they show that the resource is passed on, not written again.
  const content = JSON.stringify(document[member], null, 1);
  const text = JSON.stringify({ ...document, [member]: '(content)' }).replace('"(content)"', () => content);
  return { number, triple, place, document, text, content, type: triple.type };
}

/** Most resources have a text as id; an alarm of TMF642 v4 has a number, a batch of TMF637 v5 is a list of resources. */
function identify(content: Writable, { members: [name = ''] }: Triple, number: number): void {
  const named = content[name];
  const resources = Array.isArray(named) ? named : [typeof named === 'object' ? named : content];
  for (const resource of resources as Writable[]) {
    if (typeof resource['id'] === 'string') resource['id'] = `resource-${number}`;
    if (typeof resource['id'] === 'number') resource['id'] = number;
  }
}

/** Where only names are known: the envelope of the API's version and a resource. */
function plainSample({ major, members }: Triple): Document {
  const resource = { id: '', name: 'Ærø & "Sons"', amount: 1.5 };
  const event = members.includes('id') ? resource : { [members[0] ?? 'resource']: resource };
  const envelope = { eventId: '', eventTime: '', eventType: '', correlationId: '' };
  return major >= 5
    ? { ...envelope, timeOccurred: AT, event, '@type': '', '@baseType': '' }
    : { ...envelope, timeOcurred: AT, event };
}
