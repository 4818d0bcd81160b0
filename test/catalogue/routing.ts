/**
 * Who has to get which event, said once more in words as simple as those of the contract and without the product's
 * code: routing is by API, not by version; names of event types are equal across dialects; the global hub gets
 * everything.
 */
import type { ApiRecord, Triple } from './triples.ts';

export interface Hub {
  /** Its place in the list, and in the path of its callback. */
  readonly number: number;
  /** '' is the global hub. */
  readonly basePath: string;
  readonly api: string | undefined;
  /** Undefined: it asks for everything that its API has. */
  readonly type: string | undefined;
  /** Of the newest API version at the base path: its shape is the one that is sent. */
  readonly major: number | undefined;
}

/** One hub for every triple, one without a query for every base path, and the global one. */
export function allHubs(records: readonly ApiRecord[], triples: readonly Triple[]): Hub[] {
  const atPath = Map.groupBy(records, ({ basePath }) => basePath);
  const place = (basePath: string) => {
    const newest = atPath
      .get(basePath)!
      .toSorted((a, b) => inOrder(a.version, b.version))
      .at(-1)!;
    return { basePath, api: newest.api, major: newest.major };
  };
  const hubs = [
    ...triples.map(({ basePath, type }) => ({ ...place(basePath), type })),
    ...[...atPath.keys()].map((basePath) => ({ ...place(basePath), type: undefined })),
    { basePath: '', api: undefined, type: undefined, major: undefined },
  ];
  return hubs.map((hub, number) => ({ ...hub, number }));
}

/** Those that an event has to reach. `apis`: the API that it was published for, or all that have its type. */
export function receivers(hubs: readonly Hub[], apis: readonly string[], type: string): Hub[] {
  const wanted = plain(type);
  return hubs.filter(
    (hub) =>
      (hub.api === undefined || apis.includes(hub.api)) &&
      (hub.type === undefined || plain(hub.type) === wanted),
  );
}

/** What two spellings of one event type have in common. */
export function plain(type: string): string {
  const known = plainNames.get(type);
  if (known !== undefined) return known;
  const name = type
    .replace(/(Event|Notification)$/, '')
    .replace(/Creation$/, 'Create')
    .replace(/Remove$/, 'Delete')
    .replace(/StatusChange$/, 'StateChange')
    .toLowerCase();
  plainNames.set(type, name);
  return name;
}

const plainNames = new Map<string, string>();

function inOrder(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
