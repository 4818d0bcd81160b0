import type { Attempt, Coordinates, DeadLetter, Delivery } from '../brokers/broker.ts';
import type { Objection } from '../tmf/event-check.ts';
import type { TmfEvent } from '../tmf/event.ts';
import type { Outcome } from './outcome.ts';

/** Everything that delivery says about itself goes through here: to the log, the metrics, the demo. */
export interface DeliveryObserver {
  /** A record was decoded and matched; the queries of `filtered` subscriptions to its type said no. */
  routed(matched: number, filtered: number): void;
  /** An event does not fit the schemas of its API; told each time that it is read. */
  invalid(event: TmfEvent, objection: Objection, source: Coordinates): void;
  /** One attempt ended. `endToEndMs`: from the event's time to now. */
  attempted(
    subscriptionId: string,
    delivery: Delivery,
    attempt: Attempt,
    outcome: Outcome,
    endToEndMs: number,
  ): void;
  /** A dead letter is durable. */
  deadLettered(letter: DeadLetter): void;
  /** A dead letter could not be made durable yet; it is tried again. */
  deadLetterDelayed(letter: DeadLetter, error: unknown): void;
  circuitChanged(subscriptionId: string, state: 'closed' | 'open', reason: string): void;
}
