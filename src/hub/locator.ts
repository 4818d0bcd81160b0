/**
 * What a path means. Hubs live at some 200 base paths, each with four kinds of places below it: one look into a map
 * finds the base, where a router would try hundreds of patterns in turn.
 */
import type { Catalogue } from '../tmf/catalogue.ts';
import type { Base, Nowhere, Place } from './place.ts';
import { decoded, MAX_ID_LENGTH } from './segment.ts';
import { topicPlaceAt } from './topics/place.ts';

const EVENT_NAME = /^[\w.-]{1,200}$/;
const MOST_NEIGHBOURS = 8;

/** `prefix` is `server.basePath`: '' or a path that starts with `/` and does not end with one. */
export function createLocator(catalogue: Catalogue, prefix: string): (path: string) => Place | Nowhere {
  const bases = new Map<string, Base>([
    ['', { scope: { basePath: '', api: null, major: null }, hub: undefined }],
  ]);
  for (const hub of catalogue.hubs) {
    const { basePath, api, major } = hub;
    bases.set(basePath, { scope: { basePath, api, major }, hub });
  }
  const neighboursOf = createNeighbours(catalogue);

  return (path) => {
    if (!path.startsWith(`${prefix}/`)) return nowhere(`every path here starts with ${prefix}/`, null);
    const below = path.slice(prefix.length).replace(/\/$/, '');
    const place = placeAt(below, bases) ?? topicPlaceAt(below, bases);
    if (place !== undefined) return place;
    const neighbours = neighboursOf(below);
    const base = neighbours.find((basePath) => below.startsWith(`${basePath}/`));
    const major = bases.get(base ?? '')?.scope.major ?? null;
    return nowhere(hintFor(below, neighbours, prefix, bases), major);
  };
}

function placeAt(path: string, bases: ReadonlyMap<string, Base>): Place | undefined {
  const cut = path.lastIndexOf('/');
  const last = path.slice(cut + 1);
  const parent = bases.get(path.slice(0, cut));
  if (last === 'hub' && parent !== undefined) return { ...parent, kind: 'hubs' };
  if (last === 'event' && parent !== undefined) return { ...parent, kind: 'event' };

  const cutBefore = path.lastIndexOf('/', cut - 1);
  if (cutBefore === -1) return undefined;
  const base = bases.get(path.slice(0, cutBefore));
  const name = decoded(last);
  if (base === undefined || name === undefined) return undefined;
  const folder = path.slice(cutBefore + 1, cut);
  if (folder === 'hub' && name.length <= MAX_ID_LENGTH) return { ...base, kind: 'hub', id: name };
  if (folder === 'listener' && EVENT_NAME.test(name)) return { ...base, kind: 'listener', eventName: name };
  return undefined;
}

function nowhere(hint: string, major: number | null): Nowhere {
  return { kind: 'nowhere', hint, major };
}

/** Base paths that name the same API as a path does: another version, other capitals, another prefix. */
function createNeighbours(catalogue: Catalogue): (path: string) => string[] {
  const byName = Map.groupBy(
    catalogue.hubs.map((hub) => hub.basePath),
    (basePath) => nameIn(basePath),
  );
  return (path) => {
    const found = path
      .toLowerCase()
      .split('/')
      .flatMap((segment) => byName.get(segment) ?? []);
    return [...new Set(found)].slice(0, MOST_NEIGHBOURS);
  };
}

/** The segment that names the API: the last one that is no version. */
function nameIn(basePath: string): string {
  const segments = basePath.toLowerCase().split('/');
  return segments.findLast((segment) => !/^v\d+$/.test(segment)) ?? '';
}

function hintFor(
  path: string,
  neighbours: readonly string[],
  prefix: string,
  bases: ReadonlyMap<string, Base>,
): string {
  if (neighbours.length === 0) {
    return 'no hub is here; hubs are at {apiBase}/hub and /hub, all base paths stand in /openapi.json';
  }
  const known = neighbours.map((basePath) => prefix + basePath).join(', ');
  if (neighbours.some((basePath) => path.startsWith(`${basePath}/`))) {
    const topics = neighbours.some((basePath) => bases.get(basePath)?.hub?.hasTopics === true);
    return `below ${known} there are only /hub, /hub/{id}, /event${topics ? ', /topic, what is below it,' : ''} and /listener/{eventName}`;
  }
  return `this API is served at ${known}`;
}
