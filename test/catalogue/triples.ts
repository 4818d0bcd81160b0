/** What the specifications say, as tests walk through it: every API version, every event type of it. */
import { recordRows } from './triples.data.ts';

export interface ApiRecord {
  /** e.g. `TMF622`. */
  readonly api: string;
  /** e.g. `4.1.0`. */
  readonly version: string;
  readonly major: number;
  readonly basePath: string;
}

/** An event type of one API version. */
export interface Triple extends ApiRecord {
  /** From 0, in the order of the specifications. */
  readonly number: number;
  readonly type: string;
  /** Last segment of its listener path. */
  readonly listener: string;
  /** Members of `event` in which the resource stands; with `id` among them it is the content itself. */
  readonly members: readonly string[];
  /** Does the specification describe the body? */
  readonly hasSchema: boolean;
}

export const records: readonly ApiRecord[] = recordRows.map(([api, version, basePath]) => ({
  ...{ api, version, basePath },
  major: Number(version.split('.')[0]),
}));

export const triples: readonly Triple[] = recordRows
  .flatMap(([, , , events], index) => events.map((event) => ({ record: records[index]!, event })))
  .map(({ record, event: [type, listener, members, hasSchema] }, number) => ({
    ...record,
    number,
    type,
    listener: listener === '' ? type.charAt(0).toLowerCase() + type.slice(1) : listener,
    members: members.split('|').filter((member) => member !== ''),
    hasSchema: hasSchema === 1,
  }));

export function nameOf({ api, version, type }: Triple): string {
  return `${api} ${version} ${type}`;
}
