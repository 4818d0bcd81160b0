import { isMapping } from './checks.ts';

export type Values = Readonly<Record<string, unknown>>;

/** A section with an entry's own values over it, which may be of any type: what is no section does not replace one. */
export function merged(section: Values, own: Values): Values {
  const all = Object.entries({ ...section, ...own }).map(([key, value]): [string, unknown] => {
    const below = section[key];
    if (!isMapping(below)) return [key, value];
    return [key, isMapping(value) ? merged(below, value) : below];
  });
  return Object.fromEntries(all);
}
