import type { Intake, Routed, SourceRecord } from '../../src/brokers/broker.ts';

/** Reads what `Stage.publish` writes: the routing facts stand in headers, the value is any bytes. */
export class TestIntake implements Intake {
  readonly #ids = new Set<string>();
  /** Resolves the wait of each unreadable record, in the order they came. */
  readonly quarantines: { readonly eventId: string; readonly done: () => void }[] = [];
  /** Event ids that nobody wants any more. */
  readonly unwanted = new Set<string>();
  epoch = 0;
  /** Records that it was asked about. */
  routed = 0;

  add(id: string): void {
    this.#ids.add(id);
    this.epoch++;
  }

  remove(id: string): void {
    this.#ids.delete(id);
    this.epoch++;
  }

  route(record: SourceRecord): Routed | { readonly quarantined: Promise<void> } {
    this.routed++;
    const { eventId = '', to, unreadable, correlationId } = record.headers;
    if (unreadable !== undefined) {
      return { quarantined: new Promise((done) => this.quarantines.push({ eventId, done })) };
    }
    const event = {
      ...{ id: eventId, type: 'ProductOrderCreateEvent', apis: ['TMF622'], correlationId },
      ...{ orderingKey: record.key ?? eventId, traceparent: undefined, topic: undefined },
      time: record.timestamp,
      bytes: record.value,
    };
    const wanting = to === undefined ? [...this.#ids] : to.split(' ');
    return { event, record, subscriptionIds: this.unwanted.has(eventId) ? [] : wanting };
  }
}
