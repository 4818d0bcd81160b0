import type { Position } from '../../src/brokers/log/log.ts';
import { decodeHoles } from '../../src/brokers/log/position.ts';
import { positionKey } from '../support/memory-log.ts';
import type { Facts, PublishedEvent, Subscriber } from './log-replica-facts.ts';

/** Holds positions against what became of the events: a position may be behind, and never past an unsettled event. */
export class PositionJudge {
  readonly #facts: Facts;

  constructor(facts: Facts) {
    this.#facts = facts;
    facts.server.written = (position) => this.#written(position);
  }

  /** What is wrong with the positions, once everything has come to rest. */
  *atTheEnd(): Iterable<string> {
    const { server, subscribers } = this.#facts;
    for (const { id } of subscribers.values()) {
      for (const { topic, partition, topicId } of server.partitions()) {
        const stored = server.storage.positions.get(positionKey(id, topic, partition));
        const end = server.endOf(partition);
        // Of an empty topic that was made anew the old position says the same.
        const isOfTopic = stored?.topicId === topicId || end === 0;
        if (!isOfTopic || stored?.offset !== end || stored.holes !== '')
          yield `${id}: the position of ${partition} is ${stored?.offset} ${stored?.holes} of ${stored?.topicId}, not ${end}`;
      }
    }
  }

  /** Positions of replays that have ended. */
  leftOver(): string[] {
    const { positions, jobs } = this.#facts.server.storage;
    const feeds = [...positions.values()].map(({ subscriptionId }) => subscriptionId);
    return feeds.filter((id) => this.#facts.replays.has(id) && !jobs.has(id));
  }

  #written({ subscriptionId, topicId, partition, offset, holes, foreign }: Position): void {
    const stored = this.#facts.server.partitions().find((one) => one.partition === partition);
    if (foreign || stored?.topicId !== topicId) return;
    const { next, holes: open } = decodeHoles(offset, holes);
    const isPassed = (event: PublishedEvent): boolean =>
      event.offset < next && !open.some(([hole]) => hole === event.offset);
    for (const event of this.#facts.inLog(partition)) {
      if (isPassed(event) && this.#isOpen(subscriptionId, event))
        this.#facts.problem(`${subscriptionId}: a position passes e${event.number}, which nobody settled`);
    }
  }

  #isOpen(feedId: string, { number, ...event }: PublishedEvent): boolean {
    const replay = this.#facts.replays.get(feedId);
    if (replay)
      return (
        replay.owed.has(number) &&
        !replay.settled.has(number) &&
        !this.#isGone(replay.job.subscriptionId, number)
      );
    const subscriber = this.#facts.subscribers.get(feedId);
    if (!subscriber?.owes({ number, ...event })) return false;
    return !subscriber.settled.has(number) && !subscriber.excused.has(number);
  }

  #isGone(id: string, number: number): boolean {
    const subscriber: Subscriber | undefined = this.#facts.subscribers.get(id);
    return subscriber?.excused.has(number) ?? true;
  }
}
