import type { Place } from '../place.ts';
import { refuse, type Refusal } from '../refusal.ts';

/** `hub.registration`: may listeners register and go here, or are all of them those of the configuration? */
export type Registration = 'open' | 'closed';

const NO_MORE = refuse(
  403,
  'Registration closed',
  'subscriptions are declared in the configuration of this gateway (hub.registration is closed); ask its operator for another one',
);
const NONE_LESS = refuse(
  403,
  'Registration closed',
  'subscriptions are declared in the configuration of this gateway (hub.registration is closed), and come back at its next start; ask its operator to take this one out',
);

/**
 * What a call gets that would make or end a subscription where only the configuration may; undefined when it is none
 * of these. A topic is there for hubs that are registered below it: it is not made either, but may be removed.
 */
export function closedTo({ kind }: Place, method: string): Refusal | undefined {
  if (kind === 'hub') return method === 'DELETE' ? NONE_LESS : undefined;
  return method === 'POST' && (kind === 'hubs' || kind === 'topics') ? NO_MORE : undefined;
}
