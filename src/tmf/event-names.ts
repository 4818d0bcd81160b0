/**
 * One event type has many spellings (HUB-CONTRACT 5). Filters and routing compare the canonical form made here;
 * what is sent keeps the producer's spelling.
 */

type Words = readonly (readonly [from: string, to: string])[];

/** Words of other dialects, and those of the specifications for the same. */
const OTHER_WORDS: Words = [
  ['Creation', 'Create'],
  ['Remove', 'Delete'],
];
const STATE_WORDS: Words = [['StatusChange', 'StateChange']];
/** Endings that mean the same, without the Event or Notification behind them. */
const WORDS: Words = [...OTHER_WORDS, ...STATE_WORDS];
const NOTIFICATION_WORDS: Words = [
  ...OTHER_WORDS.map(([other, specified]) => [specified, other] as const),
  ...STATE_WORDS,
];
const SAME_ENDINGS: Words = WORDS.map(([from, to]) => [from.toLowerCase(), to.toLowerCase()]);

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
  const lastSegment = withoutPackage(name).toLowerCase();
  const stem = lastSegment.replace(/(?<=.)(?:event|notification)$/, '');
  return inWordsOf(SAME_ENDINGS, stem);
}

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

/**
 * `ProductOrderCreateEvent`: the name with `Event` behind it, in the words of the specifications. `specified`: as the
 * specification spells it, where that is known.
 */
export function asEvent(name: string, specified: string | undefined): string {
  return `${upperFirst(inWordsOf(OTHER_WORDS, stemOf(specified ?? name)))}Event`;
}

/** `ProductOrderCreationNotification`: as listeners of ODA components spell the names. */
export function asNotification(name: string, specified: string | undefined): string {
  return `${inWordsOf(NOTIFICATION_WORDS, stemOf(asEvent(name, specified)))}Notification`;
}

/** `productOrder` of `ProductOrderStateChangeEvent`, whose kind is `StateChange`; '' = not known. */
export function resourceNameOf(name: string, kind: string): string {
  const stem = stemOf(name);
  const known = kind !== '' && stem.endsWith(kind) ? kind : '';
  const words = /(?:Creat(?:e|ion)|Delete|Remove|(?:State|Status|AttributeValue)?Change)$/;
  return lowerFirst(known === '' ? stem.replace(words, '') : stem.slice(0, -known.length));
}

/** Without the package of a Java class name. */
export function withoutPackage(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

/** The name without package, `Event` and `Notification`. */
function stemOf(name: string): string {
  return withoutPackage(name).replace(/(?<=.)(?:Event|Notification)$/i, '');
}

function inWordsOf(words: Words, stem: string): string {
  const found = words.find(([from]) => stem.endsWith(from));
  return found === undefined ? stem : stem.slice(0, -found[0].length) + found[1];
}

/** Does the word end as names of event types do? A test of looks, for names that no catalogue knows. */
export function looksLikeEventType(word: string): boolean {
  return /[a-z0-9](?:Event|Notification)$/.test(word);
}

/** `ProductOrderCreateEvent` -> `productOrderCreateEvent`, as listener paths and payload members are spelled. */
export function lowerFirst(name: string): string {
  return name.slice(0, 1).toLowerCase() + name.slice(1);
}

function upperFirst(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1);
}
