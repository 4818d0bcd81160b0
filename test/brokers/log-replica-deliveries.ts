import type { Delivery } from '../../src/brokers/broker.ts';
import { Cursor } from '../../src/brokers/log/cursor.ts';
import type { Facts, PublishedEvent, Subscriber } from './log-replica-facts.ts';
import type { Group } from './log-replica-group.ts';
import type { View, Views } from './log-replica-view.ts';

/** What of a replica counts for what it may do. */
export interface Actor {
  readonly id: string;
  readonly views: Views;
  /** The partitions that it was given and has not been told to let go of. */
  readonly owned: ReadonlySet<number>;
}

interface Case {
  readonly subscriber: Subscriber;
  readonly event: PublishedEvent;
  readonly view: View | undefined;
  readonly feedId: string;
  /** For the problems' texts. */
  readonly name: string;
}

/** Holds what the outlets of all replicas are given, and do, against the promises. */
export class DeliveryJudge {
  readonly #facts: Facts;
  readonly #group: Group;
  /** No replica dies, is silent, or is refused anything: nothing comes twice without a reason that is known. */
  readonly #isCalm: boolean;

  constructor(facts: Facts, group: Group, isCalm: boolean) {
    this.#facts = facts;
    this.#group = group;
    this.#isCalm = isCalm;
  }

  offered(actor: Actor, delivery: Delivery): void {
    const { event, view, name, subscriber } = this.#case(actor, delivery);
    const { partition, offset, number } = event;
    if (!actor.owned.has(partition))
      this.#facts.problem(`${name} was offered after the partition was let go`);
    if (!view) return this.#facts.problem(`${name} was offered by a cursor that never began`);
    if (view.covers(offset)) this.#facts.problem(`${name} was offered, the position began behind it`);
    if (view.settled.has(offset)) this.#facts.problem(`${name} was offered after the same feed settled it`);
    if (view.held.has(offset)) this.#facts.problem(`${name} was offered while it was held`);
    view.held.add(offset);
    const known = view.attemptsOf(offset);
    if (delivery.attempts !== known)
      this.#facts.problem(`${name} came with ${delivery.attempts} attempts, not ${known}`);
    const all = subscriber.attempts.get(number) ?? 0;
    if (this.#isCalm && !delivery.replay && delivery.attempts !== all)
      this.#facts.problem(`${name} came with ${delivery.attempts} attempts after ${all}`);
  }

  /** An attempt begins; `isTaken`: the listener takes the event. */
  attempting(actor: Actor, delivery: Delivery, isTaken: boolean): void {
    const { event, subscriber, name } = this.#case(actor, delivery);
    const { partition } = event;
    if (!actor.owned.has(partition) || this.#group.ownerOf(partition) !== actor.id)
      this.#facts.problem(`${name} was attempted by ${actor.id}, it is ${this.#group.ownerOf(partition)}'s`);
    if (delivery.replay) return;
    const lane = laneOf(event);
    const other = subscriber.inFlight.get(lane);
    if (other !== undefined)
      this.#facts.problem(`${name} was attempted while ${other} is at work on its lane`);
    subscriber.inFlight.set(lane, `${actor.id} ${event.number}`);
    if (isTaken) this.#taken(subscriber, event, name);
  }

  /** The listener is done with it, whoever hears of that. */
  ended(actor: Actor, delivery: Delivery): void {
    if (delivery.replay) return;
    const { event, subscriber } = this.#case(actor, delivery);
    const lane = laneOf(event);
    if (subscriber.inFlight.get(lane) === `${actor.id} ${event.number}`) subscriber.inFlight.delete(lane);
  }

  failed(actor: Actor, delivery: Delivery): void {
    const { event, subscriber, view } = this.#case(actor, delivery);
    view?.attempted(event.offset);
    if (delivery.replay) return;
    subscriber.attempts.set(event.number, (subscriber.attempts.get(event.number) ?? 0) + 1);
  }

  brokenOff(actor: Actor, delivery: Delivery): void {
    this.#case(actor, delivery).subscriber.brokenOff.add(this.#facts.of(delivery).number);
    this.ended(actor, delivery);
  }

  buried(actor: Actor, delivery: Delivery): void {
    this.#case(actor, delivery).subscriber.letters.add(this.#facts.of(delivery).number);
  }

  settled(actor: Actor, delivery: Delivery): void {
    const { event, subscriber, view, feedId } = this.#case(actor, delivery);
    view?.held.delete(event.offset);
    view?.settled.add(event.offset);
    (this.#facts.replays.get(feedId) ?? subscriber).settled.add(event.number);
  }

  /** It left the outlet's memory, and is to come again. */
  evicted(actor: Actor, delivery: Delivery): void {
    const { event, view } = this.#case(actor, delivery);
    view?.held.delete(event.offset);
  }

  #taken(subscriber: Subscriber, event: PublishedEvent, name: string): void {
    const times = (subscriber.taken.get(event.number) ?? 0) + 1;
    subscriber.taken.set(event.number, times);
    if (times > 1 && this.#isCalm && !subscriber.brokenOff.has(event.number))
      this.#facts.problem(`${name} came twice, and nothing was broken off`);
    if (times > 1 || !subscriber.owes(event)) return;
    if (subscriber.letters.has(event.number) || subscriber.excused.has(event.number)) return;
    const later = this.#facts.events.find(
      (other) =>
        other.number > event.number && laneOf(other) === laneOf(event) && subscriber.taken.has(other.number),
    );
    if (later) this.#facts.problem(`${name} came after e${later.number} of the same key`);
  }

  #case({ views }: Actor, delivery: Delivery): Case {
    const event = this.#facts.of(delivery);
    const cursor = delivery.feed;
    if (!(cursor instanceof Cursor)) throw new Error('a feed of another kind');
    const { subscriptionId } = cursor.outlet;
    const subscriber = this.#facts.subscribers.get(subscriptionId);
    if (!subscriber) throw new Error(`nobody knows ${subscriptionId}`);
    const { feedId } = cursor;
    const view = views.of(cursor, feedId, event.partition);
    const name = `${feedId}: e${event.number} (${event.partition}:${event.offset})`;
    return { subscriber, event, view, feedId, name };
  }
}

function laneOf({ topicId, partition, key }: PublishedEvent): string {
  return `${topicId}:${partition} ${key}`;
}
