import type { Registrations } from '../hub/registration/registrations.ts';
import type { Logger } from '../logger.ts';
import { sleep, type Clock } from '../time.ts';

const AGAIN_MS = 1_000;

export interface KeepStateDeps {
  readonly registrations: Pick<Registrations, 'setState'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A stop that the registry does not know could not be undone by a resume: tried until it is kept (RULES 17). */
export async function keepState(
  { registrations, clock, logger }: KeepStateDeps,
  id: string,
  state: 'gone' | 'suspended',
  reason: string,
): Promise<void> {
  for (;;) {
    try {
      await registrations.setState(id, state, reason);
      return;
    } catch (error) {
      logger.error({ subscriptionId: id, state, error: String(error) }, 'subscription.state-not-kept');
      await sleep(clock, AGAIN_MS);
    }
  }
}
