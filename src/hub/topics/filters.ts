/** The two filters of a topic (TMF688): on what stands around the event's content, and on the content. */
import type { HubScope } from '../../registry/store.ts';
import { compileQuery } from '../../tmf/query/query.ts';
import type { Query } from '../../tmf/query/query.ts';
import { badQuery } from '../refusal.ts';
import type { Refusal } from '../refusal.ts';

export type TopicFilters = Pick<NonNullable<HubScope['topic']>, 'headerQuery' | 'contentQuery'>;

const PARTS = [
  ['headerQuery', 'header'],
  ['contentQuery', 'content'],
] as const;

/** Both must hold. Any event type may be named: a topic takes types that no API has. */
export function compileFilters(
  filters: TopicFilters,
): { readonly ok: true; readonly queries: readonly Query[] } | Refusal {
  const queries: Query[] = [];
  for (const [member, part] of PARTS) {
    const compiled = compileQuery(filters[member], { knownEventTypes: null, part });
    if (!compiled.ok) return badQuery(member, compiled);
    queries.push(compiled.query);
  }
  return { ok: true, queries };
}
