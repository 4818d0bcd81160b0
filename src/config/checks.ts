/**
 * Checks between settings. They run even when other settings are wrong (`when`), so that all mistakes come at once;
 * hence they look at values of any type and judge only what they understand.
 */

/** What a failed check tells the error message, beside the path of the setting to blame. */
export interface CheckParams {
  readonly expected: string;
  /** Key of the setting it was compared with. */
  readonly comparedWith?: string;
}

/** The arguments of zod's `refine`; the mapped type gives `params` the index signature it wants. */
export type Check = [
  test: (value: unknown) => boolean,
  about: { path: string[]; params: { [K in keyof CheckParams]: CheckParams[K] }; when: () => true },
];

/** What has a class of its own is a value, no mapping. */
export function isMapping(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

export function check(
  path: string[],
  params: CheckParams,
  test: (value: Record<string, unknown>) => boolean,
): Check {
  return [(value) => !isMapping(value) || test(value), { path, params, when: () => true }];
}

/** Two settings of one section of which the lower may not exceed the upper. */
export interface Bound {
  readonly section: string;
  readonly lower: string;
  readonly upper: string;
}

export function atMost({ section, lower, upper }: Bound): Check {
  const params = { expected: 'no more than', comparedWith: `${section}.${upper}` };
  return check([section, lower], params, ({ [section]: values }) => {
    if (!isMapping(values)) return true;
    const { [lower]: low, [upper]: high } = values;
    return typeof low !== 'number' || typeof high !== 'number' || low <= high;
  });
}

/** A member that means nothing without another one. */
export function together(member: string, other: string): Check {
  return check([member], { expected: `to stand beside ${other}` }, (entry) => {
    return entry[member] === undefined || entry[other] !== undefined;
  });
}

/** Two members that say the same in different ways. */
export function alone(member: string, other: string): Check {
  return check([member], { expected: `to stand without ${other}` }, (entry) => {
    return entry[member] === undefined || entry[other] === undefined;
  });
}

/** One of two members must be there. */
export function either(member: string, other: string): Check {
  return check([member], { expected: `to stand here, or ${other}` }, (entry) => {
    return entry[member] !== undefined || entry[other] !== undefined;
  });
}

/** The two listeners cannot share a port: one address is free for both only if each names its own host. */
export function separatePorts(): Check {
  const params = { expected: 'another port than', comparedWith: 'server.port' };
  return check(['admin', 'port'], params, ({ admin, server }) => {
    if (!isMapping(admin) || !isMapping(server)) return true;
    const hosts = [admin['host'], server['host']];
    const overlap = hosts[0] === hosts[1] || hosts.includes('0.0.0.0') || hosts.includes('::');
    return !overlap || admin['port'] === 0 || admin['port'] !== server['port'];
  });
}
