import type { Actor } from './log-replica-deliveries.ts';
import type { Facts, PublishedEvent, Subscriber } from './log-replica-facts.ts';
import type { View } from './log-replica-view.ts';

export interface LossSaid {
  readonly feedId: string;
  readonly partition: number;
  /** Everything below is no more. */
  readonly to: number;
  readonly lost: number;
}

/** Holds what is said of losses to retention against what was lost. */
export class LossJudge {
  readonly #facts: Facts;
  readonly #isCalm: boolean;

  constructor(facts: Facts, isCalm: boolean) {
    this.#facts = facts;
    this.#isCalm = isCalm;
  }

  /** It is exact, as far as can be known: events that only others want count until the reader has passed them. */
  said({ views }: Actor, { feedId, partition, to, lost }: LossSaid): void {
    const id = this.#facts.replays.get(feedId)?.job.subscriptionId ?? feedId;
    const subscriber = this.#facts.subscribers.get(id);
    const view = views.get(feedId, partition);
    if (!subscriber || !view) return;
    if (!this.#couldBe(view, subscriber, partition, to, lost))
      this.#facts.problem(`${feedId}: ${lost} were said to be lost below ${partition}:${to}`);
    if (id === feedId) this.#count(subscriber, partition, to, view);
    view.countLost(to);
  }

  /** What was lost in silence. */
  *atTheEnd(): Iterable<string> {
    for (const subscriber of this.#facts.subscribers.values()) {
      for (const event of this.#facts.events) {
        const { number, topicId, partition, offset } = event;
        const { topic, topicId: present, storage } = this.#facts.server;
        if (topicId !== present || offset >= storage.of({ topic, partition }).start) continue;
        if (!subscriber.owes(event) || subscriber.settled.has(number)) continue;
        if (!subscriber.excused.has(number) && !subscriber.saidLost.has(number))
          yield `${subscriber.id}: e${number} was lost to retention, and nobody said so`;
      }
    }
  }

  #couldBe(view: View, subscriber: Subscriber, partition: number, to: number, lost: number): boolean {
    let least = 0;
    let most = 0;
    for (let offset = view.offset; offset < to; offset++) {
      if (!view.isOwed(offset)) continue;
      most++;
      const event = this.#at(partition, offset);
      const isWanted = event && (event.to === undefined || event.to === subscriber.id);
      if (isWanted && !subscriber.excused.has(event.number)) least++;
    }
    return lost >= least && lost <= most;
  }

  #count(subscriber: Subscriber, partition: number, to: number, view: View): void {
    for (const event of this.#facts.events) {
      const { number, offset } = event;
      if (event.topicId !== this.#facts.server.topicId || event.partition !== partition || offset >= to)
        continue;
      if (!subscriber.owes(event) || subscriber.settled.has(number) || !view.isOwed(offset)) continue;
      if (this.#isCalm && subscriber.saidLost.has(number))
        this.#facts.problem(`${subscriber.id}: e${number} was counted as lost twice`);
      subscriber.saidLost.add(number);
    }
  }

  #at(partition: number, at: number): PublishedEvent | undefined {
    const { topicId } = this.#facts.server;
    return this.#facts.events.findLast(
      (event) => event.topicId === topicId && event.partition === partition && event.offset === at,
    );
  }
}
