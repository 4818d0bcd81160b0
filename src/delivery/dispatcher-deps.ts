import type { DeadLetters, Delivery } from '../brokers/broker.ts';
import type { CallbackSender } from '../callbacks/sender.ts';
import type { Clock } from '../time.ts';
import type { Capacity } from './capacity.ts';
import type { DeliveryObserver } from './observer.ts';
import type { DeliverySettings } from './settings.ts';

/** What a subscription's deliveries need of the rest of the gateway. */
export interface DispatcherDeps {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly sender: CallbackSender;
  readonly settings: DeliverySettings;
  readonly capacity: Capacity;
  readonly observer: DeliveryObserver;
  /** The dead letters of the broker that a delivery came from. */
  lettersOf(delivery: Delivery): DeadLetters;
  /** The outlet said that it had no room, and has some again. */
  roomAgain(subscriptionId: string): void;
  /** The listener is gone, or was down for too long. */
  stopped(subscriptionId: string, state: 'gone' | 'suspended', reason: string): void;
}
