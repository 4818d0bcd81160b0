import { initProducerIdV4, protocolErrorsCodesById, type produceV9 } from '@platformatic/kafka';
import type { Clock } from '../../../time.ts';
import type { Batch } from './batch-lane.ts';
import type { Answer } from './micro-batcher.ts';
import { produce, type KafkaNewRecord, type SequencedBatch } from './produce-request.ts';
import { TooLarge } from '../../tables/topic-access.ts';
import { reasonOf, type Node, type Wire } from '../wire/wire.ts';

/** Below the time after which a request counts as lost: the broker says itself that the replicas did not follow. */
const REPLICAS_TIMEOUT_MS = 4_000;
const LAST_EPOCH = 32_767;
const SEQUENCES = 2 ** 31;

/** MESSAGE_TOO_LARGE, RECORD_LIST_TOO_LARGE. */
const TOO_LARGE = new Set([10, 18]);
/** These, INVALID_TIMESTAMP and INVALID_RECORD: one record is enough for them. */
const DIVIDE = new Set([...TOO_LARGE, 32, 87]);
/** INVALID_TOPIC, no right to the topic or the cluster, INVALID_REQUEST, POLICY_VIOLATION. */
const REFUSED = new Set([17, 29, 31, 42, 44]);
/** The broker's memory of this producer and ours differ. */
const OUT_OF_STEP = new Set([45, 46, 47, 49, 59, 90]);
/** Where this producer stands in one partition. */
interface Standing {
  readonly producerId: bigint;
  epoch: number;
  /** The number of the next record. */
  sequence: number;
  /** A batch was sent that may have been written. */
  inDoubt: boolean;
}

interface Sent {
  readonly batch: Batch<KafkaNewRecord>;
  readonly standing: Standing;
  /** An earlier try of the same batch may have written it. */
  readonly wasInDoubt: boolean;
}

interface Outcome {
  readonly code: number;
  readonly offset: number;
}

/**
 * Idempotent appends. The broker takes the batches of a partition by their numbers: one that is sent twice is written
 * once, and its first answer is given again.
 *
 * Each partition has an epoch of its own. Where a batch is given up without an answer the partition goes on with the
 * next epoch, and from the next batch on the broker refuses what may still be under way of the old one.
 */
export class Appends {
  readonly #wire: Wire;
  readonly #clock: Clock;
  readonly #standings = new Map<string, Standing>();
  #producerId: bigint | undefined;
  #asking: Promise<bigint> | undefined;
  /** Why there was no answer to the last request; undefined when there was one. */
  problem: string | undefined;

  constructor(wire: Wire, clock: Clock) {
    this.#wire = wire;
    this.#clock = clock;
  }

  /** One request. An answer for each batch, in their order; never rejects. */
  async append(node: Node, batches: readonly Batch<KafkaNewRecord>[]): Promise<Answer[]> {
    try {
      const producerId = this.#producerId ?? (await this.#identify(node));
      const sent = batches.map((batch) => {
        const standing = this.#standing(batch, producerId);
        return { batch, standing, wasInDoubt: standing.inDoubt };
      });
      for (const { standing } of sent) standing.inDoubt = true;
      const answer = await this.#send(node, sent.map(sequenced));
      this.problem = undefined;
      const found = outcomesOf(answer);
      return sent.map((one) => this.#judge(one, found.get(keyOf(one.batch))));
    } catch (error) {
      this.problem = reasonOf(error);
      return batches.map(() => ({ kind: 'again', reason: reasonOf(error) }));
    }
  }

  /** The batch will not be sent again. */
  abandon(batch: Batch<KafkaNewRecord>): void {
    const standing = this.#standings.get(keyOf(batch));
    if (standing?.inDoubt === true) this.#nextEpoch(batch, standing);
  }

  #send(node: Node, batches: readonly SequencedBatch[]): Promise<produceV9.ProduceResponse> {
    return this.#wire.call('publish', node, produce, batches, this.#clock.now(), REPLICAS_TIMEOUT_MS);
  }

  #judge({ batch, standing, wasInDoubt }: Sent, found: Outcome | undefined): Answer {
    if (!found) return { kind: 'again', reason: 'the broker did not answer for the partition' };
    const { code, offset } = found;
    const reason = `${protocolErrorsCodesById[code] ?? `error ${code}`} on partition ${batch.partition} of ${batch.topic}`;
    if (code === 0) {
      standing.inDoubt = false;
      standing.sequence = (standing.sequence + batch.records.length) % SEQUENCES;
      return { kind: 'appended', offset };
    }
    if (REFUSED.has(code) || DIVIDE.has(code)) {
      // Written in an earlier try, its numbers are taken: others under the same numbers would pass for the same batch.
      if (wasInDoubt) this.#nextEpoch(batch, standing);
      standing.inDoubt = false;
      const kind = DIVIDE.has(code) ? 'divide' : 'refused';
      return { kind, reason, ...(TOO_LARGE.has(code) && { cause: new TooLarge(reason) }) };
    }
    if (OUT_OF_STEP.has(code)) {
      this.#nextEpoch(batch, standing);
      return { kind: wasInDoubt ? 'refused' : 'again', reason };
    }
    return { kind: 'again', reason };
  }

  #standing(batch: Batch<KafkaNewRecord>, producerId: bigint): Standing {
    const key = keyOf(batch);
    let standing = this.#standings.get(key);
    if (!standing) {
      standing = { producerId, epoch: 0, sequence: 0, inDoubt: false };
      this.#standings.set(key, standing);
    }
    return standing;
  }

  #nextEpoch(batch: Batch<KafkaNewRecord>, standing: Standing): void {
    standing.epoch += 1;
    standing.sequence = 0;
    standing.inDoubt = false;
    if (standing.epoch < LAST_EPOCH) return;
    this.#standings.delete(keyOf(batch));
    this.#producerId = undefined;
  }

  /** Several requests may begin before the first one has it. */
  #identify(node: Node): Promise<bigint> {
    this.#asking ??= this.#ask(node).finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #ask(node: Node): Promise<bigint> {
    const { errorCode, producerId } = await this.#wire.call('publish', node, initProducerIdV4.api, null, 0);
    if (errorCode !== 0) {
      throw new Error(`no producer id: ${protocolErrorsCodesById[errorCode] ?? `error ${errorCode}`}`);
    }
    return (this.#producerId = producerId);
  }
}

function sequenced({ batch, standing: { producerId, epoch, sequence } }: Sent): SequencedBatch {
  return { ...batch, sequence: { producerId, epoch, first: sequence } };
}

function outcomesOf({ responses }: produceV9.ProduceResponse): Map<string, Outcome> {
  const found = new Map<string, Outcome>();
  for (const { name, partitionResponses } of responses) {
    for (const { index, errorCode, baseOffset } of partitionResponses) {
      found.set(keyOf({ topic: name, partition: index }), { code: errorCode, offset: Number(baseOffset) });
    }
  }
  return found;
}

function keyOf({ topic, partition }: { topic: string; partition: number }): string {
  return `${topic}:${partition}`;
}
