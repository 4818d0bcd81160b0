import type { RecordsBatch } from '@platformatic/kafka';
import fc from 'fast-check';
import { readable } from '../../src/brokers/kafka/reading/record-batches.ts';
import { batchOf, FakePartition } from '../support/fake-partition.ts';
import { textsOf } from './kafka-reader.ts';

const TRANSACTIONAL = 1 << 4;
const CONTROL = 1 << 5;

/** A log made by hand. */
class HandMadeLog {
  readonly batches: RecordsBatch[] = [];
  readonly aborted: { producerId: bigint; firstOffset: bigint }[] = [];
  end = 0;

  append(values: readonly string[], transactionOf?: number): this {
    const changes =
      transactionOf === undefined ? {} : { attributes: TRANSACTIONAL, producerId: BigInt(transactionOf) };
    this.batches.push(batchOf(this.end, values, changes));
    this.end += values.length;
    return this;
  }

  marker(producer: number, type: 'abort' | 'commit'): this {
    const batch = batchOf(this.end++, [null], {
      attributes: TRANSACTIONAL | CONTROL,
      producerId: BigInt(producer),
    });
    Object.assign(batch.records[0]!, { key: Buffer.from([0, 0, 0, type === 'abort' ? 0 : 1]) });
    this.batches.push(batch);
    return this;
  }

  /** A transaction of this producer that began here was aborted. */
  abortedFrom(producer: number, firstOffset: number): this {
    this.aborted.push({ producerId: BigInt(producer), firstOffset: BigInt(firstOffset) });
    return this;
  }

  /** As a broker answers: whole batches from the one that has `from`, and the aborted transactions they are part of. */
  read(from: number, isNamed: (transaction: { firstOffset: bigint }) => boolean = () => true) {
    const partition = new FakePartition(1);
    const wanted = { partition: 0, currentLeaderEpoch: -1, lastFetchedEpoch: -1, partitionMaxBytes: 1 << 20 };
    const answer = { bytesLeft: 1 << 20, isEmpty: true };
    Object.assign(partition, { batches: this.batches, end: this.end });
    const fetched = partition.fetch(1, { ...wanted, fetchOffset: BigInt(from) }, answer);
    return readable({ ...fetched, abortedTransactions: this.aborted.filter(isNamed) }, from);
  }
}

test('offsets that compaction took out are passed, also at the end of a batch', () => {
  const log = new HandMadeLog();
  log.batches.push(batchOf(5, ['five', 'six', 'seven'], { lastOffsetDelta: 9 }));
  log.batches[0]!.records.splice(1, 1);
  log.batches.push({ ...batchOf(15, []), lastOffsetDelta: 4 });
  log.end = 20;
  const { records, next } = log.read(0);
  expect(records.map(({ offset }) => offset)).toEqual([5, 7]);
  expect(next).toBe(20);
  expect(log.read(8)).toMatchObject({ records: [], next: 20 });
});

test('nothing at all leaves the reader where it is', () => {
  const fetched = new HandMadeLog().read(0);
  expect(fetched).toMatchObject({ records: [], next: 0 });
  const { records, next } = readable({ ...blank, records: null, abortedTransactions: null }, 7);
  expect({ records, next }).toEqual({ records: [], next: 7 });
});

test('a value outlives the answer that it came with, of which it is no part', () => {
  const batch = batchOf(0, ['value']);
  const { records } = readable({ ...blank, records: [batch] }, 0);
  batch.records[0]!.value!.fill(0);
  expect(textsOf(records)).toEqual(['value']);
});

describe('of transactions', () => {
  test('an aborted one is left out, its producer is not for ever', () => {
    const log = new HandMadeLog()
      .append(['a', 'b'], 1)
      .marker(1, 'abort')
      .append(['c'], 1)
      .marker(1, 'commit');
    log.abortedFrom(1, 0);
    expect(textsOf(log.read(0).records)).toEqual(['c']);
  });

  test('one that was committed before an aborted one of the same producer counts', () => {
    const log = new HandMadeLog().append(['a'], 1).marker(1, 'commit').append(['b'], 1).marker(1, 'abort');
    log.abortedFrom(1, 2);
    expect(textsOf(log.read(0).records)).toEqual(['a']);
  });

  test('the marker of another producer ends nothing', () => {
    const log = new HandMadeLog()
      .append(['a'], 1)
      .append(['x'], 2)
      .marker(2, 'abort')
      .append(['b'], 1)
      .marker(1, 'abort');
    log.abortedFrom(1, 0).abortedFrom(2, 1);
    expect(textsOf(log.read(0).records)).toEqual([]);
    expect(log.read(0).next).toBe(5);
  });

  test('the records of other producers, and of the same one outside of transactions, count', () => {
    const log = new HandMadeLog().append(['a'], 1).append(['x'], 2).append(['plain']).append(['b'], 1);
    log.marker(2, 'commit').marker(1, 'abort').abortedFrom(1, 0);
    log.batches[2] = { ...log.batches[2]!, producerId: 1n };
    expect(textsOf(log.read(0).records)).toEqual(['x', 'plain']);
  });

  test('one that began before what is read is left out from within', () => {
    const log = new HandMadeLog()
      .append(['a', 'b', 'c'], 1)
      .append(['d'], 1)
      .marker(1, 'abort')
      .append(['e']);
    log.abortedFrom(1, 0);
    for (const from of [1, 2, 3]) expect(textsOf(log.read(from).records)).toEqual(['e']);
  });

  test('it does not matter in which order the broker names the aborted ones', () => {
    const log = new HandMadeLog();
    log
      .append(['a'], 1)
      .marker(1, 'abort')
      .append(['b'], 1)
      .marker(1, 'commit')
      .append(['c'], 1)
      .marker(1, 'abort');
    log.abortedFrom(1, 4).abortedFrom(1, 0);
    expect(textsOf(log.read(0).records)).toEqual(['b']);
  });

  test('whatever the history, from every offset exactly the committed and the plain ones are read', () => {
    const step = fc.record({
      producer: fc.nat(3),
      kind: fc.constantFrom('send', 'send', 'send', 'commit', 'abort'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { log, owed, ended } = played(steps);
        for (let from = 0; from <= log.end; from += 3) {
          // Those that ended before are not named.
          const isNamed = ({ firstOffset }: { firstOffset: bigint }) =>
            ended.get(Number(firstOffset))! >= from;
          const { records, next } = log.read(from, isNamed);
          expect(records.map(({ offset }) => offset)).toEqual(owed.filter((offset) => offset >= from));
          expect(next).toBe(log.end);
        }
      }),
    );
  });
});

/**
 * Producer 0 has no transactions. All are ended at the end. `ended`: where each aborted one ended, by where it began.
 */
function played(steps: readonly { producer: number; kind: string }[]) {
  const log = new HandMadeLog();
  const open = new Map<number, number[]>();
  const owed: number[] = [];
  const ended = new Map<number, number>();
  const end = (producer: number, type: 'abort' | 'commit'): void => {
    const offsets = open.get(producer);
    if (!offsets) return;
    open.delete(producer);
    log.marker(producer, type);
    if (type === 'commit') return void owed.push(...offsets);
    log.abortedFrom(producer, offsets[0]!);
    ended.set(offsets[0]!, log.end - 1);
  };
  for (const { producer, kind } of steps) {
    if (kind === 'commit' || kind === 'abort') end(producer, kind);
    else if (producer === 0) owed.push(log.append(['plain']).end - 1);
    else open.set(producer, [...(open.get(producer) ?? []), log.append(['in one'], producer).end - 1]);
  }
  for (const producer of [...open.keys()]) end(producer, 'commit');
  return { log, ended, owed: owed.toSorted((a, b) => a - b) };
}

const blank = new FakePartition(1).fetch(
  1,
  { partition: 0, currentLeaderEpoch: -1, lastFetchedEpoch: -1, partitionMaxBytes: 1, fetchOffset: 0n },
  { bytesLeft: 1, isEmpty: true },
);
