import type { Broker, DeadLetter, DeadLetters, Delivery, Feed, SourceRecord } from '../brokers/broker.ts';
import type { Clock } from '../time.ts';
import { decode, type DecodeKnowledge } from './decode.ts';
import type { Dispatcher } from './dispatcher.ts';

export interface LetterReplayDeps {
  readonly clock: Clock;
  readonly knowledge: DecodeKnowledge;
  readonly brokers: readonly Broker[];
  dispatcherOf(subscriptionId: string): Dispatcher | undefined;
  /** A letter's new state could not be written; it stays open. */
  failed(letter: DeadLetter, error: unknown): void;
}

/** Why a dead letter cannot be replayed now. */
export interface ReplayRefused {
  readonly refused: string;
}

const PAGE = 500;

/**
 * Sends dead letters again, through the lanes of their subscription as it has room, and marked as a replay
 * (RULES 14). The wish is written into the letter first, so a restart does not forget it. Delivered: `replayed`; dead
 * again: the same letter is open again, with the attempts added.
 */
export class LetterReplays implements Feed {
  readonly #deps: LetterReplayDeps;
  readonly #underWay = new Map<Delivery, DeadLetter>();
  readonly #queues = new Map<string, DeadLetter[]>();

  constructor(deps: LetterReplayDeps) {
    this.#deps = deps;
  }

  /** Takes up what was asked for before a restart. */
  async start(): Promise<void> {
    for (const { deadLetters } of this.#deps.brokers) {
      for (let offset = 0, total = 1; offset < total; offset += PAGE) {
        const page = await deadLetters.list({ state: 'open' }, { offset, limit: PAGE });
        total = page.total;
        for (const letter of page.items) if (letter.replay) this.#enqueue(letter);
      }
    }
    for (const id of [...this.#queues.keys()]) this.roomAgain(id);
  }

  /** Resolves once the wish is durable. A record that could not be read is published anew. */
  async request(letter: DeadLetter, correctedBody?: Uint8Array): Promise<DeadLetter | ReplayRefused> {
    const correction =
      correctedBody === undefined
        ? {}
        : { correctedBodyBase64: Buffer.from(correctedBody).toString('base64') };
    const requestedAt = new Date(this.#deps.clock.now()).toISOString();
    const asked: DeadLetter = { ...letter, state: 'open', replay: { requestedAt, ...correction } };
    const decoded = decode(recordOf(asked), this.#deps.knowledge);
    if ('unreadable' in decoded)
      return { refused: `It cannot be sent as a TMF event: ${decoded.unreadable}.` };
    if (letter.subscriptionId === null) return this.#publishAnew(asked);
    if (!this.#deps.dispatcherOf(letter.subscriptionId))
      return { refused: 'Its subscription no longer exists.' };
    await this.#lettersOf(letter).put(asked);
    this.#enqueue(asked);
    this.roomAgain(letter.subscriptionId);
    return asked;
  }

  /** Offers what waits for this subscription while it has room. */
  roomAgain(subscriptionId: string): void {
    const queue = this.#queues.get(subscriptionId);
    const dispatcher = this.#deps.dispatcherOf(subscriptionId);
    if (!queue || !dispatcher) return;
    while (queue.length > 0 && dispatcher.hasRoom()) {
      const letter = queue.shift() as DeadLetter;
      const decoded = decode(recordOf(letter), this.#deps.knowledge);
      if ('unreadable' in decoded) continue;
      const delivery: Delivery = {
        event: decoded.event,
        record: decoded.record,
        feed: this,
        replay: true,
        attempts: 0,
        history: [...letter.attempts],
        successesAtFirstFailure: undefined,
      };
      this.#underWay.set(delivery, letter);
      dispatcher.offer(delivery);
    }
    if (queue.length === 0) this.#queues.delete(subscriptionId);
  }

  /** The subscription ended. */
  forget(subscriptionId: string): void {
    this.#queues.delete(subscriptionId);
    for (const [delivery, letter] of this.#underWay) {
      if (letter.subscriptionId === subscriptionId) this.#underWay.delete(delivery);
    }
  }

  settle(delivery: Delivery, fate: 'delivered' | 'dead'): void {
    const letter = this.#underWay.get(delivery);
    this.#underWay.delete(delivery);
    if (!letter || fate === 'dead') return;
    this.#replayed(letter).catch((error: unknown) => this.#deps.failed(letter, error));
  }

  attempted(): void {
    // The schedule starts anew with each replay; a restart starts it once more.
  }

  evicted(delivery: Delivery): void {
    const letter = this.#underWay.get(delivery);
    this.#underWay.delete(delivery);
    if (letter) this.#enqueue(letter);
  }

  mayAttempt(): boolean {
    return true;
  }

  async #publishAnew(letter: DeadLetter): Promise<DeadLetter> {
    const { topic, key, headers } = letter.source;
    const value = recordOf(letter).value;
    await this.#brokerOf(letter).publish({ topic, key: key ?? letter.id, value, headers });
    return this.#replayed(letter);
  }

  async #replayed({ replay: _, ...letter }: DeadLetter): Promise<DeadLetter> {
    const replayed: DeadLetter = { ...letter, state: 'replayed' };
    await this.#lettersOf(replayed).put(replayed);
    return replayed;
  }

  #enqueue(letter: DeadLetter): void {
    const id = letter.subscriptionId ?? '';
    const queue = this.#queues.get(id);
    if (queue) queue.push(letter);
    else this.#queues.set(id, [letter]);
  }

  #lettersOf(letter: DeadLetter): DeadLetters {
    return this.#brokerOf(letter).deadLetters;
  }

  #brokerOf(letter: DeadLetter): Broker {
    const broker = this.#deps.brokers.find(({ name }) => name === letter.source.broker);
    if (!broker) throw new Error(`no broker is called ${letter.source.broker}`);
    return broker;
  }
}

function recordOf({ source, body, replay, deadAt }: DeadLetter): SourceRecord {
  const { key, headers, ...coordinates } = source;
  const corrected = replay?.correctedBodyBase64;
  const value = corrected === undefined ? body : Buffer.from(corrected, 'base64');
  return { source: coordinates, key, value, headers, timestamp: Date.parse(deadAt) };
}
