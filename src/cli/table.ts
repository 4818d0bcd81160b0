import { stripVTControlCharacters } from 'node:util';

/** Rows as aligned lines; widths are counted without colours. The first row is the heading. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, visible(cell))));
  }
  return rows.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - visible(cell)))
      .join('  ')
      .trimEnd(),
  );
}

/** `name: value` lines, aligned; what is undefined or null is left out. */
export function sheet(facts: readonly (readonly [string, unknown])[]): string[] {
  const given = facts.filter(([, value]) => value !== undefined && value !== null);
  const width = Math.max(0, ...given.map(([name]) => name.length));
  return given.map(([name, value]) => `${name.padEnd(width)}  ${plain(value)}`);
}

/** Any JSON value as a person reads it: text as it is, the rest as JSON, nothing as `-`. */
export function plain(value: unknown): string {
  if (value === undefined || value === null || value === '') return '-';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const visible = (text: string) => stripVTControlCharacters(text).length;
