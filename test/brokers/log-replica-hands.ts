import { positionKey } from '../support/memory-log.ts';
import type { ReplicaStep } from './log-replica-arbitrary.ts';
import type { Facts } from './log-replica-facts.ts';
import type { Server } from './log-replica-server.ts';

const TOPIC = 'bss.ordering.events';
const MOST_PARTITIONS = 3;

/** What happens to the log and to positions without the gateways' doing. */
export class Hands {
  readonly #facts: Facts;
  readonly #server: Server;
  /** Those that were told 201. */
  readonly #registered: readonly string[];

  constructor(facts: Facts, server: Server, registered: readonly string[]) {
    this.#facts = facts;
    this.#server = server;
    this.#registered = registered;
  }

  /** Something happens to the log, or somebody's hand to a position. */
  change(step: ReplicaStep): void {
    // Which topic an operator meant would not be known.
    const isReset = [...this.#server.storage.positions.values()].some(({ foreign }) => foreign);
    if (step.do === 'makeAnew') return isReset ? undefined : this.#server.makeAnew();
    if (step.do === 'grow') {
      if (this.#server.partitions().length < MOST_PARTITIONS) this.#server.addPartition();
      return;
    }
    if (!('partition' in step)) return;
    const partition = step.partition % this.#server.partitions().length;
    if (step.do === 'mark') this.#server.mark(partition);
    else if (step.do === 'retain') this.#retain(partition, this.offsetIn(partition, step.part));
    else if (step.do === 'shorten' && !isReset) this.#shorten(partition, this.offsetIn(partition, step.part));
    else if ('subscription' in step) {
      const id = this.#registered[step.subscription % Math.max(1, this.#registered.length)];
      if (id === undefined) return;
      if (step.do === 'vanish') this.#vanish(id, partition);
      else if (!this.#server.isJustMadeAnew) this.#reset(id, partition, this.offsetIn(partition, step.part));
    }
  }

  /** Where there is no position, nobody can tell what it took. */
  #retain(partition: number, start: number): void {
    const { topicId } = this.#server;
    for (const { id, excused } of this.#facts.subscribers.values()) {
      const stored = this.#server.storage.positions.get(positionKey(id, TOPIC, partition));
      if (stored?.topicId === topicId && !this.#server.isJustMadeAnew) continue;
      for (const { number, offset } of this.#facts.inLog(partition)) if (offset < start) excused.add(number);
    }
    this.#server.removeBelow(partition, start);
  }

  /** What comes to stand where something stood before may be passed: the seam knows of no leader epochs. */
  #shorten(partition: number, end: number): void {
    const before = this.#server.endOf(partition);
    for (const { number, offset } of this.#facts.inLog(partition)) {
      if (offset >= end) for (const { excused } of this.#facts.subscribers.values()) excused.add(number);
    }
    this.#server.forgetFrom(partition, end);
    this.#facts.shortened(partition, before);
  }

  /** As an operator does with a tool. */
  #reset(subscriptionId: string, partition: number, offset: number): void {
    const { topicId } = this.#server;
    this.#excuse(subscriptionId, partition, offset);
    const position = { subscriptionId, topic: TOPIC, partition, topicId, offset, holes: '' };
    this.#server.write([{ ...position, foreign: true }]);
  }

  /** What retention took, and nobody has counted yet, cannot be told any more. */
  #vanish(id: string, partition: number): void {
    this.#server.storage.positions.delete(positionKey(id, TOPIC, partition));
    this.#excuse(id, partition, this.offsetIn(partition, 0));
  }

  #excuse(id: string, partition: number, below: number): void {
    const excused = this.#facts.subscribers.get(id)?.excused;
    for (const event of this.#facts.events) {
      const isHere = event.topicId === this.#server.topicId && event.partition === partition;
      if (isHere && event.offset < below) excused?.add(event.number);
    }
  }

  offsetIn(partition: number, part: number): number {
    const { start } = this.#server.storage.of({ topic: TOPIC, partition });
    return start + Math.floor((this.#server.endOf(partition) - start) * part);
  }
}
