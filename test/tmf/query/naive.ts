/** What HUB-CONTRACT 3 says of a query that is taken apart already: without parser, sets and index, value by value. */

/** Some of the spellings of three event types. */
export const TYPES: Readonly<Record<string, string>> = {
  XCreateEvent: 'x',
  xCreationNotification: 'x',
  'io.y.XCreateEvent': 'x',
  YStatusChangeEvent: 'y',
  yStateChangeNotification: 'y',
  ZRemoveNotification: 'z',
  ZDeleteEvent: 'z',
};

export type Operator = 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte' | 'regex';

export interface Asked {
  readonly path: string;
  readonly operator: Operator;
  readonly values: readonly string[];
}

/** The first level must hold all, of the second one is enough. */
export type Parts = readonly (readonly Asked[])[];

export function holds(parts: Parts, document: unknown): boolean {
  return parts.every((alternatives) => alternatives.some((one) => isTrue(one, document)));
}

/** What `&` says in TMF630: parts that are equalities of one and the same attribute are alternatives. */
export function withRepetitionAsOr(parts: Parts): Parts {
  const joined = new Map<string, Asked[]>();
  const others: (readonly Asked[])[] = [];
  for (const alternatives of parts) {
    const [first] = alternatives;
    const same = alternatives.every(({ path, operator }) => operator === 'eq' && path === first?.path);
    if (!first || !same) others.push(alternatives);
    else joined.set(first.path, [...(joined.get(first.path) ?? []), ...alternatives]);
  }
  return [...others, ...joined.values()];
}

function isTrue({ path, operator, values }: Asked, document: unknown): boolean {
  const found = valuesOf(document, path.split('.'));
  const any = (test: (value: unknown, wanted: string) => boolean): boolean =>
    found.some((value) => values.some((wanted) => test(value, wanted)));
  switch (operator) {
    case 'eq':
      return any(path === 'eventType' ? isSameType : isEqual);
    case 'ne':
      return !any(path === 'eventType' ? isSameType : isEqual);
    case 'regex':
      return any((value, pattern) => !isObject(value) && new RegExp(pattern, 'u').test(value as string));
    default:
      return any((value, bound) => isBeyond(operator, value, bound));
  }
}

function own(value: unknown, name: string): unknown {
  if (!isObject(value)) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function flat(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value.flatMap(flat);
  return value === null || value === undefined ? [] : [value];
}

function follow(value: unknown, [name, ...rest]: readonly string[]): readonly unknown[] {
  return name === undefined ? flat(value) : flat(value).flatMap((one) => follow(own(one, name), rest));
}

function valuesOf(document: unknown, path: readonly string[]): readonly unknown[] {
  if (path.join() === 'eventType') return follow(document, path);
  const content = [own(document, 'event'), own(document, 'payload')].find(isObject);
  const named = path[0] === 'event' && content !== undefined;
  const places = [
    named ? follow(content, path.slice(1)) : follow(document, path),
    follow(content, path),
    follow(resourceIn(content), path),
  ];
  return places.find((values) => values.length > 0) ?? [];
}

function resourceIn(content: object | undefined): object | undefined {
  const objects = Object.values(content ?? {}).filter(isObject);
  return objects.find(hasId) ?? (content && hasId(content) ? content : objects[0]);
}

function hasId(value: object): boolean {
  const id = own(value, 'id');
  return typeof id === 'number' || (typeof id === 'string' && id.trim() !== '');
}

function isSameType(value: unknown, wanted: string): boolean {
  return typeof value === 'string' && TYPES[value] !== undefined && TYPES[value] === TYPES[wanted];
}

function isEqual(value: unknown, wanted: string): boolean {
  if (typeof value === 'number') return numberOf(wanted) === value;
  if (typeof value === 'boolean') return String(value) === wanted;
  if (typeof value !== 'string') return false;
  return value === wanted || (instantOf(value) !== undefined && instantOf(value) === instantOf(wanted));
}

function isBeyond(operator: 'gt' | 'gte' | 'lt' | 'lte', value: unknown, bound: string): boolean {
  const compare = <T extends string | number>(a: T, b: T): boolean =>
    ({ gt: a > b, gte: a >= b, lt: a < b, lte: a <= b })[operator];
  const number = numberOf(bound);
  if (typeof value === 'number') return number !== undefined && compare(value, number);
  if (typeof value !== 'string') return false;
  const [asNumber, asInstant, instant] = [numberOf(value), instantOf(value), instantOf(bound)];
  if (number !== undefined && asNumber !== undefined) return compare(asNumber, number);
  if (instant !== undefined && asInstant !== undefined) return compare(asInstant, instant);
  return compare(value, bound);
}

function numberOf(text: string): number | undefined {
  return /^-?\d+(\.\d+)?(e\d+)?$/.test(text) ? Number(text) : undefined;
}

function instantOf(text: string): number | undefined {
  return /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?$/.test(text) ? Date.parse(text) : undefined;
}
