/** The same registration again: what is different this time, and why it is refused (HUB-CONTRACT 2). */
import type { Subscription } from '../../registry/store.ts';
import { refuse } from '../refusal.ts';
import type { Refusal } from '../refusal.ts';
import { differences } from './extensions.ts';
import type { RegistrationRequest } from './registration-request.ts';

export function conflict(existingId: string, message: string): Refusal {
  return refuse(409, 'Subscription exists', message, { existingId });
}

/** In which members of the registration one that is the same otherwise differs. */
export function otherIn({ ordering, extensions }: Subscription, request: RegistrationRequest): string[] {
  return [
    ...(ordering === request.ordering ? [] : ['ordering']),
    ...differences(extensions, request.extensions),
  ];
}

export function otherwiseConflict(existing: Subscription, request: RegistrationRequest): Refusal {
  const names = otherIn(existing, request).map((name) => `"${name}"`);
  const message = `subscription ${existing.id} is the same with another ${names.join(' and ')}: delete it to change that`;
  return conflict(existing.id, message);
}
