import type { Query } from '../tmf/query/query.ts';

export type Equality = NonNullable<Query['equality']>;

/** What the index needs of a subscription: where it listens, and its query. */
export interface Interest extends Pick<Query, 'eventTypes' | 'matches' | 'equality'> {
  readonly subscriptionId: string;
  /** e.g. `TMF622`; null = every API (the global hub). */
  readonly api: string | null;
  /** Id of the topic whose hub it is; null = of none. A topic's hub listens to every API, whatever `api` says. */
  readonly topic: string | null;
}
