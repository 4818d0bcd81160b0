import { setTimeout as sleep } from 'node:timers/promises';

/** One event as the broker confirmed it. */
export interface Sent {
  readonly eventId: string;
  readonly key: string;
  /** Counts the events of one key. */
  readonly sequence: number;
  /** Counts how often the topic was made: the offsets of each begin anew. */
  readonly topicAge: number;
  readonly partition: number;
  /** Its place among those of its partition. */
  readonly offset: number;
  /** When the broker had confirmed it, milliseconds of `performance.now`. */
  readonly at: number;
}

export interface LoadPlan {
  readonly events: number;
  /** Over so long they are spread evenly; what an outage held up follows as fast as the broker takes it. */
  readonly seconds: number;
  /** As long as it answers true, more follow at the same rate. */
  readonly goOn?: () => boolean;
}

export type Unsent = Omit<Sent, 'offset' | 'at'>;

const KEYS = 200;
/** Events of one key come close together: whoever does not keep their order is seen to swap them. */
const IN_A_ROW = 4;
const MOST_AT_ONCE = 500;
const TICK_MS = 20;
const EVENT_TYPE = 'ProductOrderStateChangeEvent';

/** A producer that is not the gateway's, as another system's would be. */
export abstract class Load {
  /** What has to be delivered. */
  readonly sent: Sent[] = [];
  /** Events of which the broker may have more than one, for it did not confirm them at first. */
  repeated = 0;
  protected partitions: number;
  protected topicAge = 0;
  protected isClosed = false;
  readonly #named: string;
  readonly #sequences = new Map<string, number>();
  #made = 0;

  /** `named`: what its event ids begin with. */
  constructor(named: string, partitions: number) {
    this.#named = named;
    this.partitions = partitions;
  }

  /** Resolves when all is confirmed, or when it was closed. */
  async run({ events, seconds, goOn = () => false }: LoadPlan): Promise<void> {
    const began = performance.now();
    for (let made = 0; (made < events || goOn()) && !this.isClosed;) {
      const due = Math.ceil(((performance.now() - began) / 1000) * (events / seconds));
      const many = Math.min((goOn() ? due : Math.min(events, due)) - made, MOST_AT_ONCE);
      if (many > 0) await this.publish(Array.from({ length: many }, () => this.next()));
      else await sleep(TICK_MS);
      made += Math.max(0, many);
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.letGo();
  }

  /** Resolves when they are among those `sent`, so that the offsets of a key follow its numbers, or when it was closed. */
  protected abstract publish(events: readonly Unsent[]): Promise<void>;

  /** Of the connection. Never rejects. */
  protected abstract letGo(): Promise<void>;

  protected next(prefix = ''): Unsent {
    const n = this.#made++;
    const place = Math.floor(n / IN_A_ROW) % KEYS;
    const key = `${prefix}order-${place}`;
    const sequence = this.#sequences.get(key) ?? 0;
    this.#sequences.set(key, sequence + 1);
    const eventId = `${prefix}${this.#named}-${n}`;
    return { eventId, key, sequence, topicAge: this.topicAge, partition: place % this.partitions };
  }
}

/** Body and headers as TMF publishers write them. */
export function messageOf({ eventId, key, sequence }: Unsent) {
  const productOrder = { id: key, state: 'inProgress', note: [{ text: 'x'.repeat(200) }], sequence };
  const envelope = { eventId, eventTime: new Date().toISOString(), eventType: EVENT_TYPE };
  return {
    eventType: EVENT_TYPE,
    body: JSON.stringify({ ...envelope, event: { productOrder } }),
    headers: { tmfApi: 'TMF622', eventType: EVENT_TYPE, eventId },
  };
}
