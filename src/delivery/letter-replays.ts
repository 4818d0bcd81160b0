import type { Broker, DeadLetter, Delivery, Feed, SourceRecord } from '../brokers/broker.ts';
import type { Clock, Timer } from '../time.ts';
import { objectionText, type EventChecks } from '../tmf/event-check.ts';
import { decode, type Decoded, type DecodeKnowledge } from './decode.ts';
import type { Dispatcher } from './dispatcher.ts';
import { ReplayQueue, type Ticket } from './replay-queue.ts';

export interface LetterReplayDeps {
  readonly clock: Clock;
  readonly knowledge: DecodeKnowledge;
  readonly brokers: readonly Broker[];
  readonly checks?: EventChecks | undefined;
  dispatcherOf(subscriptionId: string): Dispatcher | undefined;
  /** A letter's new state could not be written; it stays open. */
  failed(letter: DeadLetter, error: unknown): void;
}

/** Why a dead letter cannot be replayed now. */
export interface ReplayRefused {
  readonly refused: string;
}

const PAGE = 100;
/** How often is looked for what was asked for at another replica, or left by one that is gone. */
const LOOK_MS = 2_000;
/** After an eviction or a failed read, the next look at what waits. */
const AGAIN_MS = 1_000;

interface UnderWay {
  readonly ticket: Ticket;
  readonly letter: DeadLetter;
}

/**
 * Sends dead letters again, through the lanes of their subscription as it has room, and marked as a replay
 * (RULES 14). The wish is written into the letter first, so a restart does not forget it. Delivered: `replayed`; dead
 * again: the same letter is open again, with the attempts added. What waits is known by its id only, and read when
 * its turn comes: so it costs no memory, and one that was discarded meanwhile is left alone. Of several replicas the
 * one that owns the partition of the letter's event sends it, in the lane of the events of its resource.
 */
export class LetterReplays implements Feed {
  readonly #deps: LetterReplayDeps;
  readonly #underWay = new Map<Delivery, UnderWay>();
  readonly #queues = new Map<string, ReplayQueue>();
  /** Ids of the letters that somebody is at work on. */
  readonly #busy = new Set<string>();
  #order = 0;
  #look: Timer | undefined;

  constructor(deps: LetterReplayDeps) {
    this.#deps = deps;
  }

  /** Takes up what was asked for before, and from now on what is asked for at other replicas. */
  async start(): Promise<void> {
    await this.#takeUp();
    if (this.#deps.brokers.some(({ capabilities }) => capabilities.replicas)) this.#lookAgain();
  }

  /** No more is taken up. */
  stop(): void {
    this.#look?.cancel();
  }

  #lookAgain(): void {
    this.#look = this.#deps.clock.after(LOOK_MS, () => {
      this.#lookAgain();
      // The broker says itself what is wrong with it.
      this.#takeUp().catch(() => undefined);
    });
  }

  /** In the order in which it was asked for. */
  async #takeUp(): Promise<void> {
    const asked: { at: string; deadAt: string; subscriptionId: string; ticket: Ticket }[] = [];
    for (const home of this.#deps.brokers) {
      for (let offset = 0, total = 1; offset < total; offset += PAGE) {
        const page = await home.deadLetters.list(
          { state: 'open', replayAsked: true },
          { offset, limit: PAGE },
        );
        total = page.total;
        for (const { id, replay, subscriptionId, deadAt, source } of page.items) {
          if (!replay || subscriptionId === null || !this.#deps.dispatcherOf(subscriptionId)) continue;
          if (this.#busy.has(id) || !home.owns(source, subscriptionId)) continue;
          asked.push({ at: replay.requestedAt, deadAt, subscriptionId, ticket: { id, home, order: 0 } });
        }
      }
    }
    asked.sort((a, b) => a.at.localeCompare(b.at) || a.deadAt.localeCompare(b.deadAt));
    for (const { subscriptionId, ticket } of asked) {
      if (this.#busy.has(ticket.id)) continue;
      this.#busy.add(ticket.id);
      this.#enqueue(subscriptionId, { ...ticket, order: this.#order++ });
    }
    for (const id of [...this.#queues.keys()]) this.roomAgain(id);
  }

  /** `home`: where the letter lies. Resolves once the wish is durable. A record that could not be read is published anew. */
  async request(
    letter: DeadLetter,
    home: Broker,
    correctedBody?: Uint8Array,
  ): Promise<DeadLetter | ReplayRefused> {
    const correction =
      correctedBody === undefined
        ? {}
        : { correctedBodyBase64: Buffer.from(correctedBody).toString('base64') };
    const requestedAt = new Date(this.#deps.clock.now()).toISOString();
    const asked: DeadLetter = { ...letter, state: 'open', replay: { requestedAt, ...correction } };
    const decoded = decode(recordOf(asked), this.#deps.knowledge);
    if ('unreadable' in decoded)
      return { refused: `It cannot be sent as a TMF event: ${decoded.unreadable}.` };
    const { id, subscriptionId } = letter;
    // Published anew it would be quarantined again. What one listener gets is its operator's to judge.
    const objection = subscriptionId === null ? this.#objectionTo(decoded) : undefined;
    if (objection) return { refused: objection };
    if (subscriptionId !== null && !this.#deps.dispatcherOf(subscriptionId))
      return { refused: 'Its subscription no longer exists.' };
    if (this.#busy.has(id)) return { refused: 'A replay of it is under way already.' };
    this.#busy.add(id);
    const order = this.#order++;
    try {
      if (subscriptionId === null) return await this.#publishAnew(asked, home, decoded.event.orderingKey);
      await home.deadLetters.put(asked);
    } catch (error) {
      this.#busy.delete(id);
      throw error;
    }
    if (home.owns(letter.source, subscriptionId)) {
      this.#enqueue(subscriptionId, { id, home, order });
      this.roomAgain(subscriptionId);
    } else this.#busy.delete(id);
    return asked;
  }

  /** Offers what waits for this subscription while it has room. */
  roomAgain(subscriptionId: string): void {
    const queue = this.#queues.get(subscriptionId);
    if (!queue || queue.isServed) return;
    queue.isServed = true;
    this.#serve(subscriptionId, queue).catch(() => {
      queue.isServed = false;
      this.#again(subscriptionId);
    });
  }

  /** The subscription ended. */
  forget(subscriptionId: string): void {
    for (const { id } of this.#queues.get(subscriptionId)?.clear() ?? []) this.#busy.delete(id);
    this.#queues.delete(subscriptionId);
    for (const [delivery, { letter }] of this.#underWay) {
      if (letter.subscriptionId === subscriptionId) this.#done(delivery);
    }
  }

  settle(delivery: Delivery, fate: 'delivered' | 'dead'): void {
    const underWay = this.#done(delivery);
    if (!underWay || fate === 'dead') return;
    const { letter, ticket } = underWay;
    replayed(letter, ticket.home).catch((error: unknown) => this.#deps.failed(letter, error));
  }

  attempted(): void {
    // The schedule starts anew with each replay; a restart starts it once more.
  }

  /** It goes back to its place, and is offered again once those who need the memory had their turn. */
  evicted(delivery: Delivery): void {
    const underWay = this.#underWay.get(delivery);
    this.#underWay.delete(delivery);
    const subscriptionId = underWay?.letter.subscriptionId;
    if (!underWay || typeof subscriptionId !== 'string') return;
    this.#enqueue(subscriptionId, underWay.ticket);
    this.#again(subscriptionId);
  }

  mayAttempt(): boolean {
    return true;
  }

  /** Where the letter lies that is sent again; undefined: it is no replay of one. */
  homeOf(delivery: Delivery): Broker | undefined {
    return this.#underWay.get(delivery)?.ticket.home;
  }

  async #serve(subscriptionId: string, queue: ReplayQueue): Promise<void> {
    for (;;) {
      const ticket = queue.first;
      if (!ticket || this.#deps.dispatcherOf(subscriptionId)?.hasRoom() !== true) {
        // In the same turn as the answer "no room", so that no call that says otherwise falls between.
        queue.isServed = false;
        return;
      }
      const letter = await ticket.home.deadLetters.get(ticket.id);
      // Reading took its time: the place in the queue and the room may be gone.
      const dispatcher = this.#deps.dispatcherOf(subscriptionId);
      if (queue.first !== ticket || dispatcher?.hasRoom() !== true) continue;
      queue.shift();
      const delivery = letter?.state === 'open' && letter.replay ? this.#deliveryOf(letter) : undefined;
      if (!letter || !delivery || !ticket.home.owns(letter.source, subscriptionId)) {
        this.#busy.delete(ticket.id);
        continue;
      }
      this.#underWay.set(delivery, { ticket, letter });
      dispatcher.offer(delivery);
    }
  }

  /** The corrected bytes are sent; the letter keeps the original ones, also when it is dead again. */
  #deliveryOf(letter: DeadLetter): Delivery | undefined {
    const decoded = decode(recordOf(letter), this.#deps.knowledge);
    if ('unreadable' in decoded) return undefined;
    return {
      event: decoded.event,
      record: { ...decoded.record, value: letter.body },
      feed: this,
      replay: true,
      attempts: 0,
      history: [...letter.attempts],
      successesAtFirstFailure: undefined,
    };
  }

  async #publishAnew(letter: DeadLetter, home: Broker, orderingKey: string): Promise<DeadLetter> {
    const { topic, key, headers } = letter.source;
    const value = recordOf(letter).value;
    await home.publish({ topic, key: key ?? orderingKey, value, headers });
    const done = await replayed(letter, home);
    this.#busy.delete(letter.id);
    return done;
  }

  #objectionTo({ event, document, record }: Decoded): string | undefined {
    const objection = this.#deps.checks?.(record.source.broker)(event.apis, event.type, document);
    return objection?.mode === 'quarantine'
      ? `The event ${objectionText(objection, event.type)}.`
      : undefined;
  }

  #done(delivery: Delivery): UnderWay | undefined {
    const underWay = this.#underWay.get(delivery);
    this.#underWay.delete(delivery);
    if (underWay) this.#busy.delete(underWay.ticket.id);
    return underWay;
  }

  #enqueue(subscriptionId: string, ticket: Ticket): void {
    const queue = this.#queues.get(subscriptionId) ?? new ReplayQueue();
    this.#queues.set(subscriptionId, queue);
    queue.add(ticket);
  }

  #again(subscriptionId: string): void {
    this.#deps.clock.after(AGAIN_MS, () => this.roomAgain(subscriptionId));
  }
}

async function replayed({ replay: _, ...letter }: DeadLetter, home: Broker): Promise<DeadLetter> {
  const done: DeadLetter = { ...letter, state: 'replayed' };
  await home.deadLetters.put(done);
  return done;
}

function recordOf({ source, body, replay, deadAt }: DeadLetter): SourceRecord {
  const { key, headers, timestamp = Date.parse(deadAt), ...coordinates } = source;
  const corrected = replay?.correctedBodyBase64;
  const value = corrected === undefined ? body : Buffer.from(corrected, 'base64');
  return { source: coordinates, key, value, headers, timestamp };
}
