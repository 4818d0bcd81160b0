import { GROUP_ID_NOT_FOUND, NONE } from '../../src/brokers/kafka/wire/error-codes.ts';
import { requests } from '../../src/brokers/kafka/wire/wire.ts';
import type { FakeCluster, WireCall } from '../support/fake-wire.ts';

export const COORDINATOR_NOT_AVAILABLE = 15;
export const NOT_COORDINATOR = 16;
const NO_OFFSET = -1n;

/** What groups have committed, as their coordinators keep it. */
export class FakeOffsets {
  /** By group, then by `topic:partition`. */
  readonly groups = new Map<string, Map<string, { offset: number; metadata: string }>>();
  /** What is answered for a group instead of doing anything; 0: nothing. */
  errorOf: (group: string) => number = () => NONE;
  /** What is answered for one partition of a commit. */
  errorAt: (group: string, place: string) => number = () => NONE;
  readonly #cluster: FakeCluster;

  constructor(cluster: FakeCluster) {
    this.#cluster = cluster;
    cluster.on(requests.offsetCommit, (call, group, _generation, _member, _instance, topics) => ({
      throttleTimeMs: 0,
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, committedOffset, committedMetadata }) => {
          const place = `${name}:${partitionIndex}`;
          const errorCode = this.#refusal(call, group) || this.errorAt(group, place);
          const committed = { offset: Number(committedOffset), metadata: committedMetadata ?? '' };
          if (errorCode === NONE) this.#ofGroup(group).set(place, committed);
          return { partitionIndex, errorCode };
        }),
      })),
    }));
    cluster.on(requests.offsetFetch, (call, groups) => ({
      throttleTimeMs: 0,
      groups: groups.map(({ groupId }) => {
        const errorCode = this.#refusal(call, groupId);
        return { groupId, errorCode, topics: errorCode === NONE ? this.#rows(groupId) : [] };
      }),
    }));
    cluster.on(requests.deleteGroups, (call, groups) => ({
      throttleTimeMs: 0,
      results: groups.map((groupId) => {
        const errorCode = this.#refusal(call, groupId);
        if (errorCode !== NONE) return { groupId, errorCode };
        return { groupId, errorCode: this.groups.delete(groupId) ? NONE : GROUP_ID_NOT_FOUND };
      }),
    }));
  }

  #ofGroup(group: string) {
    const known = this.groups.get(group) ?? new Map<string, { offset: number; metadata: string }>();
    this.groups.set(group, known);
    return known;
  }

  /** With a partition that was asked for once and has nothing, as brokers name it. */
  #rows(group: string) {
    const committed = [...(this.groups.get(group) ?? [])];
    const byTopic = Map.groupBy(committed, ([place]) => place.slice(0, place.lastIndexOf(':')));
    const none = { partitionIndex: 99, committedOffset: NO_OFFSET, committedLeaderEpoch: -1, metadata: '' };
    return [...byTopic].map(([name, places]) => ({
      name,
      partitions: [
        { ...none, errorCode: NONE },
        ...places.map(([place, { offset, metadata }]) => ({
          partitionIndex: Number(place.slice(name.length + 1)),
          ...{ committedOffset: BigInt(offset), committedLeaderEpoch: -1, metadata, errorCode: NONE },
        })),
      ],
    }));
  }

  #refusal({ node }: WireCall, group: string): number {
    const coordinator = this.#cluster.nodes.get(this.#cluster.coordinatorOf(group));
    return coordinator?.host === node.host ? this.errorOf(group) : NOT_COORDINATOR;
  }
}
