/**
 * One event type has many spellings (HUB-CONTRACT 5). Filters and routing compare the canonical form made here;
 * what is sent keeps the producer's spelling.
 */

/** Endings that mean the same, in lower case and without the Event or Notification behind them. */
const SAME_ENDINGS: readonly (readonly [string, string])[] = [
  ['creation', 'create'],
  ['remove', 'delete'],
  ['statuschange', 'statechange'],
];

const CACHE_LIMIT = 4096;
/** Longer names are somebody's mistake or attack: they are not worth memory. */
const LONGEST_CACHED = 200;
const cache = new Map<string, string>();

/**
 * The form in which all spellings of an event type are equal: `ProductOrderCreateEvent`,
 * `productOrderCreationNotification` and `io.x.ProductOrderCreateNotification` give `productordercreate`.
 * Any string is allowed; the answer is for comparing, not for showing.
 */
export function canonicalEventType(name: string): string {
  const known = cache.get(name);
  if (known !== undefined) return known;
  const canonical = canonicalise(name);
  if (name.length <= LONGEST_CACHED) {
    // Producers use a few hundred names. Starting afresh when somebody floods us is cheaper than keeping an order.
    if (cache.size >= CACHE_LIMIT) cache.clear();
    cache.set(name, canonical);
  }
  return canonical;
}

function canonicalise(name: string): string {
  const lastSegment = name.slice(name.lastIndexOf('.') + 1).toLowerCase();
  const stem = lastSegment.replace(/(?<=.)(?:event|notification)$/, '');
  for (const [ending, same] of SAME_ENDINGS) {
    if (stem.endsWith(ending)) return stem.slice(0, -ending.length) + same;
  }
  return stem;
}

const WORDS: readonly (readonly [string, string])[] = [
  ['Creation', 'Create'],
  ['Remove', 'Delete'],
  ['StatusChange', 'StateChange'],
];

/**
 * How producers may spell the event type that is given in the spelling of its specification: all that is equal to it,
 * but for a prefix with dots, and for upper and lower case within. For brokers that compare names as they are.
 */
export function spellingsOf(specified: string): readonly string[] {
  const stem = specified.replace(/(?<=.)(?:Event|Notification)$/, '');
  const stems = new Set([stem]);
  for (const pair of WORDS) {
    for (const word of pair) {
      if (!stem.endsWith(word)) continue;
      for (const other of pair) stems.add(stem.slice(0, -word.length) + other);
    }
  }
  const names = [...stems].flatMap((one) => [`${one}Event`, `${one}Notification`, one]);
  return [...new Set(names.flatMap((one) => [one, lowerFirst(one)]))];
}

/** Does the word end as names of event types do? A test of looks, for names that no catalogue knows. */
export function looksLikeEventType(word: string): boolean {
  return /[a-z0-9](?:Event|Notification)$/.test(word);
}

/** `ProductOrderCreateEvent` -> `productOrderCreateEvent`, as listener paths and payload members are spelled. */
export function lowerFirst(name: string): string {
  return name.slice(0, 1).toLowerCase() + name.slice(1);
}
