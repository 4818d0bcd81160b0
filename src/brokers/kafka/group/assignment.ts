import { Reader, Writer } from '@platformatic/kafka';
import type { Place } from '../reading/fetch.ts';

/** What a member says of itself when it joins. */
export interface MemberData {
  /** Partitions that it had, so that the leader can leave them with it. */
  readonly owned: readonly Place[];
  /** Names the subscriptions that it knows: members that know different ones must not share a group (RULES 1). */
  readonly registry: string;
}

export interface Member extends MemberData {
  readonly id: string;
}

/**
 * Who reads what: as even as it gets, and as many as possible stay where they are. The same for the same question,
 * whoever answers it.
 */
export function assign(members: readonly Member[], partitions: readonly Place[]): Map<string, Place[]> {
  const sorted = members.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const assigned = new Map<string, Place[]>(sorted.map(({ id }) => [id, []]));
  const free = new Map(partitions.toSorted(byKey).map((place) => [keyOf(place), place]));
  const share = Math.floor(partitions.length / members.length);
  let extras = partitions.length % members.length;
  for (const { id, owned } of sorted) {
    const own = assigned.get(id) as Place[];
    for (const key of owned.map(keyOf).toSorted()) {
      const place = free.get(key);
      if (!place || own.length > share || (own.length === share && extras === 0)) continue;
      if (own.length === share) extras--;
      own.push(place);
      free.delete(key);
    }
  }
  for (const place of free.values()) {
    const least = [...assigned.values()].reduce((best, own) => (own.length < best.length ? own : best));
    least.push(place);
  }
  return assigned;
}

const VERSION = 0;

/** The consumer protocol's subscription, which Kafka's tools can read; our own data as JSON in its user data. */
export function encodeMember(topics: readonly string[], data: MemberData): Buffer {
  return Writer.create()
    .appendInt16(VERSION)
    .appendArray([...topics], (writer, topic) => writer.appendString(topic, false), false, false)
    .appendBytes(Buffer.from(JSON.stringify(data)), false).buffer;
}

/** A member that is not of our kind has no data: it has nothing, and knows no subscriptions. */
export function decodeMember(id: string, bytes: Buffer): Member {
  try {
    const reader = Reader.from(bytes);
    reader.readInt16();
    reader.readArray((topics) => topics.readString(false), false, false);
    const { owned, registry } = JSON.parse(reader.readBytes(false).toString()) as Partial<MemberData>;
    if (!Array.isArray(owned) || !owned.every(isPlace) || typeof registry !== 'string') return stranger(id);
    return { id, owned, registry };
  } catch {
    return stranger(id);
  }
}

function stranger(id: string): Member {
  return { id, owned: [], registry: 'unknown' };
}

function isPlace(value: unknown): value is Place {
  const { topic, partition } = (value ?? {}) as Partial<Place>;
  return typeof topic === 'string' && Number.isInteger(partition);
}

/** Everything that a member has to know of the group: its partitions, and whether all know the same subscriptions. */
export interface Assignment {
  readonly partitions: readonly Place[];
  readonly registries: readonly string[];
  /** How many members the group has. */
  readonly members: number;
  /** What the leader shared out: a follower, or the leader itself, may know of more by the time it has its part. */
  readonly sources: string;
}

export const NOTHING: Assignment = { partitions: [], registries: [], members: 0, sources: '' };

/** What the leader answers for each member. */
export function shareOut(
  members: readonly Member[],
  partitions: readonly Place[],
  sources: string,
): { memberId: string; assignment: Buffer }[] {
  const registries = [...new Set(members.map(({ registry }) => registry))];
  return [...assign(members, partitions)].map(([memberId, own]) => ({
    memberId,
    assignment: encodeAssignment({ partitions: own, registries, members: members.length, sources }),
  }));
}

export function encodeAssignment({ partitions, ...rest }: Assignment): Buffer {
  const byTopic = [...Map.groupBy(partitions, ({ topic }) => topic)];
  return Writer.create()
    .appendInt16(VERSION)
    .appendArray(
      byTopic,
      (writer, [topic, places]) =>
        writer
          .appendString(topic, false)
          .appendArray([...places], (numbers, { partition }) => numbers.appendInt32(partition), false, false),
      false,
      false,
    )
    .appendBytes(Buffer.from(JSON.stringify(rest)), false).buffer;
}

export function decodeAssignment(bytes: Buffer): Assignment {
  // A leader that left us out sends nothing.
  if (bytes.length === 0) return NOTHING;
  const reader = Reader.from(bytes);
  reader.readInt16();
  const partitions = reader
    .readArray(
      (topics) => ({
        topic: topics.readString(false),
        numbers: topics.readArray((numbers) => numbers.readInt32(), false, false),
      }),
      false,
      false,
    )
    .flatMap(({ topic, numbers }) => numbers.map((partition): Place => ({ topic, partition })));
  const data = reader.remaining > 4 ? reader.readBytes(false).toString() : '{}';
  const { registries, members, sources } = JSON.parse(data) as Partial<Assignment>;
  return {
    partitions,
    registries: Array.isArray(registries) ? registries : [],
    members: typeof members === 'number' ? members : 0,
    sources: typeof sources === 'string' ? sources : '',
  };
}

function byKey(a: Place, b: Place): number {
  return keyOf(a) < keyOf(b) ? -1 : 1;
}

function keyOf({ topic, partition }: Place): string {
  return `${topic}:${partition}`;
}
