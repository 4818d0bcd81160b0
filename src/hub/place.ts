/** What the paths of the public port mean; see `locator.ts` for how it is found. */
import type { HubScope } from '../registry/store.ts';
import type { HubPlace } from '../tmf/catalogue.ts';

/** The hub of a place; `hub` undefined = the global one. */
export interface Base {
  readonly scope: HubScope;
  readonly hub: HubPlace | undefined;
}

export type Place = Base &
  (
    | { readonly kind: 'hubs'; readonly topicId?: string }
    | { readonly kind: 'event' }
    | { readonly kind: 'hub'; readonly id: string; readonly topicId?: string }
    | { readonly kind: 'listener'; readonly eventName: string }
    | { readonly kind: 'topics' }
    | { readonly kind: 'topic'; readonly topicId: string }
    | { readonly kind: 'topic-events'; readonly topicId: string }
    | { readonly kind: 'topic-event'; readonly topicId: string; readonly eventId: string }
  );

export interface Nowhere {
  readonly kind: 'nowhere';
  /** A sentence that helps to find the right path. */
  readonly hint: string;
  /** The version of the API whose base path it is below, so that the refusal has its shape; else null. */
  readonly major: number | null;
}
