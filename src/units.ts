/** Durations and sizes as a person writes them. Whole numbers only: 1500ms rather than 1.5s. */

const MILLISECONDS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
};

/** `250ms`, `10s`, `5m`, `1h` or `5d` in milliseconds; undefined when the text is no duration. */
export function parseDuration(text: string): number | undefined {
  return parse(text, MILLISECONDS);
}

/** `512B`, `64KiB`, `4MiB`, `10GiB` or `1TiB` in bytes; undefined when the text is no size. */
export function parseSize(text: string): number | undefined {
  return parse(text, BYTES);
}

function parse(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^(?<amount>\d{1,15})(?<unit>[A-Za-z]{1,3})$/.exec(text);
  const factor = units[match?.groups?.['unit'] ?? ''];
  if (factor === undefined) return undefined;
  const value = Number(match?.groups?.['amount']) * factor;
  return Number.isSafeInteger(value) ? value : undefined;
}
