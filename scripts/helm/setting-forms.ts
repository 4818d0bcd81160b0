/**
 * What is expected of a setting, as a pattern: the chart refuses what the gateway would refuse when it starts. Helm
 * knows no look-ahead. A pattern may let pass what only a parser can tell, such as an IPv6 address or the length of a name.
 */
import { parseDuration, parseSize } from '../../src/units.ts';

/** A variable of `secretEnv`. */
const REFERENCE = '\\$\\{[A-Z_][A-Z0-9_]*\\}';

const LABEL = '[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?';
/** A last label of digits alone is a mistyped address. */
const LAST_LABEL = '([A-Za-z0-9][A-Za-z0-9_-]*)?[A-Za-z]([A-Za-z0-9_-]*[A-Za-z0-9])?';
const HOST_NAME = `(${LABEL}\\.)*${LAST_LABEL}`;
const OCTET = '(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
const IPV4 = `(${OCTET}\\.){3}${OCTET}`;
const IPV6 = '[0-9A-Fa-f]{0,4}(:[0-9A-Fa-f]{0,4}){2,7}';
const PORT = wholeNumbers(1, 65_535);
const AUTHORITY = `(${HOST_NAME}|${IPV4}|\\[${IPV6}\\])(:${PORT})?`;
/** None is `.` or `..`. */
const SEGMENT = '(\\.{0,2}[A-Za-z0-9_~-][A-Za-z0-9_.~-]*|\\.{3,}[A-Za-z0-9_.~-]*)';
const RESOURCE_SEGMENT = SEGMENT.replaceAll('[A-Za-z0-9_~-]', '([A-Za-z0-9_~-]|\\{resource\\})').replaceAll(
  '[A-Za-z0-9_.~-]*',
  '([A-Za-z0-9_.~-]|\\{resource\\})*',
);

export interface Form {
  readonly pattern?: string;
  readonly not?: object;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
}

/** By the beginning of what is expected; the first that fits. */
const FORMS: readonly (readonly [start: string, form: Form])[] = [
  [
    'a CIDR such as',
    text(`(\\*\\.)?${HOST_NAME}|${IPV4}(/([12]?[0-9]|3[0-2]))?|${IPV6}(/(1[01][0-9]|12[0-8]|[1-9]?[0-9]))?`),
  ],
  ['a status from 400', { not: { const: 410 } }],
  ['a topic name of letters', { ...text('[A-Za-z0-9_.-]{1,249}'), not: { enum: ['.', '..'] } }],
  ['a topic name or a regular', { pattern: '^[^*+?{]', not: { enum: ['.', '..'] } }],
  ['host:port', text(`(${HOST_NAME}|${IPV4}|\\[${IPV6}\\]):${PORT}`)],
  ['an origin', text(`https?://${AUTHORITY}/?`)],
  ['empty, or a path', text(`(/${SEGMENT})*`)],
  ['a path that starts with "/" and does not end with one, {resource}', text(`(/${RESOURCE_SEGMENT})+`)],
  ['a path that starts', text(`(/${SEGMENT})+`)],
  ['an API id', text('[A-Z]{2,5}[0-9]{1,5}')],
  ['a version', { ...text('v?[0-9]+(\\.[0-9]+){0,2}'), minimum: 0 }],
  ['an event type', text('[A-Za-z0-9_]+')],
  ['a name of lower-case', text('[a-z0-9][a-z0-9-]{0,39}')],
  ['lower-case letters, digits and "-"', { ...text('[a-z0-9][a-z0-9-]{0,39}'), not: { enum: ['registry'] } }],
  ['lower-case letters, digits, "."', text('[a-z0-9][a-z0-9.-]{0,60}')],
  [
    'the name of a member',
    { minLength: 1, not: { enum: ['eventId', 'eventTime', 'eventType', 'event', 'payload'] } },
  ],
  ['a text of letters', text('[A-Za-z0-9_.-]{1,249}')],
  // Counted in bytes, of which a letter may have four.
  ['the name of an exchange', text('[ -~]{1,255}|[^\\x00-\\x1f]{1,63}')],
  ['an http or https URL', text(`https?://${AUTHORITY}([/?][^#\\s]*)?`)],
  ['a host name', text(HOST_NAME)],
];
const SECRET_FORMS: typeof FORMS = [
  ['a file', { pattern: '^/' }],
  ['a URL such as amqp', text(`amqps?://${AUTHORITY}([/?][^@#\\s]*)?`)],
  ['', { pattern: `^${REFERENCE}$` }],
];

/** Undefined where everything of its type goes. */
export function formOf(expected: string, isSecret = false): Form | undefined {
  const amount = amountOf(expected);
  if (amount !== undefined && !isSecret) return { pattern: `^(${amount})$` };
  return (isSecret ? SECRET_FORMS : FORMS).find(([start]) => expected.startsWith(start))?.[1];
}

function text(form: string): Form {
  return { pattern: `^(${form}|${REFERENCE})$` };
}

const DURATIONS = ['ms', 's', 'm', 'h', 'd'];
const SIZES = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** Such as "a duration ..., from 1ms to 24d": what lies between them in each unit. */
function amountOf(expected: string): string | undefined {
  const {
    kind,
    least = '',
    most = '',
  } = /a (?<kind>duration|size) such as .*, from (?<least>\w+) to (?<most>\w+)$/.exec(expected)?.groups ?? {};
  if (kind === undefined) return undefined;
  const [units, parse] = kind === 'size' ? [SIZES, parseSize] : [DURATIONS, parseDuration];
  const [from = 1, to = 1] = [parse(least), parse(most)];
  return units
    .map((unit) => {
      const factor = parse(`1${unit}`) ?? 1;
      const [fewest, largest] = [Math.ceil(from / factor), Math.min(Math.floor(to / factor), 1e15 - 1)];
      return fewest <= largest ? `${wholeNumbers(fewest, largest)}${unit}` : '';
    })
    .filter((form) => form !== '')
    .join('|');
}

/** Matches the numbers from `from` (at least 1) to `to`, as a person writes them. */
export function wholeNumbers(from: number, to: number): string {
  const shorter = String(to).length - 1;
  const parts: string[] = [];
  let next = from;
  while (next <= to) {
    const figures = String(next).length;
    if (next === 10 ** (figures - 1) && figures <= shorter) {
      parts.push(`[1-9]${digits(figures - 1, shorter - 1)}`);
      next = 10 ** shorter;
      continue;
    }
    let free = 0;
    while (next % 10 ** (free + 1) === 0 && next + 10 ** (free + 1) - 1 <= to) free += 1;
    const block = 10 ** free;
    const first = Math.floor(next / block) % 10;
    let last = first;
    while (last < 9 && next + (last - first + 2) * block - 1 <= to) last += 1;
    const before = Math.floor(next / block / 10);
    const digit = first === last ? String(first) : `[${first}-${last}]`;
    parts.push(`${before > 0 ? before : ''}${digit}${digits(free)}`);
    next += (last - first + 1) * block;
  }
  return parts.length > 1 ? `(${parts.join('|')})` : (parts[0] ?? '');
}

function digits(least: number, most = least): string {
  if (most === 0) return '';
  if (least === most) return least === 1 ? '[0-9]' : `[0-9]{${least}}`;
  return `[0-9]{${least},${most}}`;
}
