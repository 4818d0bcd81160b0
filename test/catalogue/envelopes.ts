/**
 * What a delivered event has to look like (HUB-CONTRACT 5): the hub's API version decides the envelope, hubs of v1 to
 * v3 and the global one send the event as produced, and the resource inside is never rewritten.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Hub } from './routing.ts';

export type Document = Readonly<Record<string, unknown>>;

/** An event as a producer wrote it. */
export interface Produced {
  readonly document: Document;
  /** What was sent to the gateway. */
  readonly text: string;
  /** The text of the member that carries the resource. */
  readonly content: string;
  readonly type: string;
}

const COMPLETED = ['eventId', 'eventTime', 'eventType'];

/** What is wrong with an event as a hub sent it; undefined = nothing. */
export function faultOf(delivered: string, produced: Produced, hub: Hub): string | undefined {
  if (!delivered.includes(produced.content)) return 'the resource is not what was produced, byte for byte';
  const asProduced = hub.major !== 4 && hub.major !== 5;
  const isComplete = COMPLETED.every((name) => name in produced.document);
  if (asProduced && isComplete) {
    return delivered === produced.text ? undefined : 'it is not what was produced, byte for byte';
  }
  const document = JSON.parse(delivered) as Document;
  const added = Object.fromEntries(
    COMPLETED.filter((name) => !(name in produced.document)).map((name) => [name, document[name]]),
  );
  const nothing = Object.keys(added).find((name) => typeof added[name] !== 'string' || added[name] === '');
  if (nothing !== undefined) return `${nothing} was not completed`;
  if ('eventType' in added && added['eventType'] !== produced.type) return 'its eventType is not the path`s';
  const expected = enveloped({ ...produced.document, ...added }, produced.type, hub.major);
  if (isDeepStrictEqual(document, expected)) return undefined;
  const names = new Set([...Object.keys(expected), ...Object.keys(document)]);
  const different = [...names].filter((name) => !isDeepStrictEqual(document[name], expected[name]));
  return `its envelope is not that of v${hub.major ?? '?'}: ${different.join(', ')}`;
}

/** `payload` is what TMF666 v4.0.0 alone calls the content: no hub has that as its newest shape. */
function enveloped(document: Document, type: string, major: number | undefined): Document {
  const { timeOcurred, timeOccurred, payload, ...named } = document;
  const others = payload === undefined ? named : { ...named, event: payload };
  const time = major === 4 ? (timeOcurred ?? timeOccurred) : (timeOccurred ?? timeOcurred);
  const name = major === 4 ? 'timeOcurred' : 'timeOccurred';
  const timed = time === undefined ? others : { ...others, [name]: time };
  if (major === 5) return { '@type': type, '@baseType': 'Event', ...timed };
  if (major !== 4) return document;
  const refused = ['@type', '@baseType', '@schemaLocation'];
  return Object.fromEntries(Object.entries(timed).filter(([member]) => !refused.includes(member)));
}
