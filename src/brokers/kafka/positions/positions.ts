import type { Logger } from '../../../logger.ts';
import { sleep, type Clock } from '../../../time.ts';
import type { Partition, Position } from '../../log/log.ts';
import type { Coordinators } from '../wire/coordinators.ts';
import { GROUP_ID_NOT_FOUND, NONE, nameOf } from '../wire/error-codes.ts';
import { decodePosition, encodeMetadata, type CommittedOffset } from './position-record.ts';
import { reasonOf, requests, type Line, type Node, type Wire } from '../wire/wire.ts';

/** Groups whose offsets are asked for in one request. */
const CHUNK = 1_000;
const RETRY_MS = 200;
/** How long is tried what must succeed: longer than a coordinator takes to move. */
const PATIENCE_MS = 20_000;
/** Commits are made outside of a membership: they go to groups that have no members. */
const NO_GENERATION = -1;
const NO_EPOCH = -1;
const NO_OFFSET = -1;

export interface PositionsDeps {
  readonly wire: Wire;
  readonly coordinators: Coordinators;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Consumer groups are called `<prefix>.<subscription id>`. */
  readonly prefix: string;
  /** The generation of the membership, for those who read a position's metadata. */
  readonly generation: () => number;
}

/**
 * Positions as the committed offsets of consumer groups, one group for each subscription, so that every tool that
 * knows Kafka shows where a subscription stands.
 */
export class Positions {
  readonly #deps: PositionsDeps;

  constructor(deps: PositionsDeps) {
    this.#deps = deps;
  }

  /** Those of the given partitions that have a committed offset. */
  async load(subscriptionIds: readonly string[], partitions: readonly Partition[]): Promise<Position[]> {
    const wanted = new Map<string, Map<number, Partition>>();
    for (const partition of partitions) {
      const numbers = wanted.get(partition.topic) ?? new Map<number, Partition>();
      wanted.set(partition.topic, numbers.set(partition.partition, partition));
    }
    const found: Position[] = [];
    await this.#patiently([...new Set(subscriptionIds)], (node, groups) =>
      this.#loadAt(node, groups, (subscriptionId, topic, number, committed) => {
        const partition = wanted.get(topic)?.get(number);
        if (partition) found.push(decodePosition(subscriptionId, partition, committed));
      }),
    );
    return found;
  }

  /** Answers those that were not written; the caller tries them again. */
  async commit(positions: readonly Position[]): Promise<readonly Position[]> {
    const byGroup = new Map<string, Position[]>();
    for (const position of positions) {
      const group = this.#groupOf(position.subscriptionId);
      const own = byGroup.get(group);
      if (own) own.push(position);
      else byGroup.set(group, [position]);
    }
    const nodes = await this.#deps.coordinators.of([...byGroup.keys()]);
    const commits = nodes.flatMap(({ node, groups }) =>
      groups.map((group) => this.#commitGroup(node, group, byGroup.get(group) as Position[])),
    );
    const coordinated = new Set(nodes.flatMap(({ groups }) => groups));
    const without = [...byGroup].filter(([group]) => !coordinated.has(group)).flatMap(([, own]) => own);
    return [...without, ...(await Promise.all(commits)).flat()];
  }

  /** All are written when it resolves; tried for a while, because a new group may have no coordinator at first. */
  async commitAll(positions: readonly Position[]): Promise<void> {
    const { clock } = this.#deps;
    const giveUpAt = clock.monotonic() + PATIENCE_MS;
    let left = positions;
    for (;;) {
      let problem = 'they were not written';
      try {
        left = await this.commit(left);
      } catch (error) {
        problem = reasonOf(error);
      }
      if (left.length === 0) return;
      if (clock.monotonic() > giveUpAt) throw new Error(`${left.length} positions: ${problem}`);
      await sleep(clock, RETRY_MS);
    }
  }

  /** The group is gone when it resolves. */
  async drop(subscriptionId: string): Promise<void> {
    await this.#patiently([subscriptionId], async (node, groups) => {
      const { wire } = this.#deps;
      const { results } = await wire.call('control', node, requests.deleteGroups, groups);
      const left = results.filter(({ errorCode }) => errorCode !== NONE && errorCode !== GROUP_ID_NOT_FOUND);
      return new Map(left.map(({ groupId, errorCode }) => [groupId, errorCode]));
    });
    this.#deps.coordinators.forget([this.#groupOf(subscriptionId)]);
  }

  #groupOf(subscriptionId: string): string {
    return `${this.#deps.prefix}.${subscriptionId}`;
  }

  async #commitGroup(
    node: Node,
    group: string,
    positions: readonly Position[],
  ): Promise<readonly Position[]> {
    const { wire, coordinators, logger } = this.#deps;
    const topics = new Map<string, Position[]>();
    for (const position of positions) {
      const same = topics.get(position.topic);
      if (same) same.push(position);
      else topics.set(position.topic, [position]);
    }
    try {
      const line = lineOf(group);
      const wanted = [...topics].map(([name, own]) => ({
        name,
        partitions: own.map((one) => this.#row(one)),
      }));
      const answer = await wire.call(
        line,
        node,
        requests.offsetCommit,
        group,
        NO_GENERATION,
        '',
        null,
        wanted,
      );
      const failed = answer.topics.flatMap(({ name, partitions }) =>
        partitions
          .filter(({ errorCode }) => errorCode !== NONE)
          .map(({ partitionIndex, errorCode }) => ({ key: `${name}:${partitionIndex}`, errorCode })),
      );
      if (failed.length === 0) return [];
      coordinators.forget([group]);
      logger.warn({ group, reason: nameOf(failed[0]?.errorCode ?? NONE) }, 'position.not-committed');
      const keys = new Set(failed.map(({ key }) => key));
      return positions.filter(({ topic, partition }) => keys.has(`${topic}:${partition}`));
    } catch (error) {
      coordinators.forget([group]);
      // There may be thousands, and whoever wants them written says that they were not.
      logger.debug({ group, reason: reasonOf(error) }, 'position.not-committed');
      return positions;
    }
  }

  #row(position: Position) {
    return {
      partitionIndex: position.partition,
      committedOffset: BigInt(position.offset),
      committedLeaderEpoch: NO_EPOCH,
      committedMetadata: encodeMetadata(position, this.#deps.generation()),
    };
  }

  /** Answers the groups that could not be loaded, with why. */
  async #loadAt(
    node: Node,
    groups: readonly string[],
    found: (subscriptionId: string, topic: string, partition: number, committed: CommittedOffset) => void,
  ): Promise<Map<string, number>> {
    const failed = new Map<string, number>();
    for (let i = 0; i < groups.length; i += CHUNK) {
      const asked = groups.slice(i, i + CHUNK).map((groupId) => ({ groupId, memberEpoch: -1, topics: null }));
      const answer = await this.#deps.wire.call('control', node, requests.offsetFetch, asked, false);
      for (const { groupId, errorCode, topics } of answer.groups) {
        if (errorCode !== NONE) failed.set(groupId, errorCode);
        else {
          const id = groupId.slice(this.#deps.prefix.length + 1);
          for (const { name, partitions } of topics) {
            for (const { partitionIndex, committedOffset, metadata } of partitions) {
              const offset = Number(committedOffset);
              if (offset !== NO_OFFSET) found(id, name, partitionIndex, { offset, metadata: metadata ?? '' });
            }
          }
        }
      }
    }
    return failed;
  }

  /** Does something at the coordinators of these groups, and again for those that failed, until all succeeded. */
  async #patiently(
    subscriptionIds: readonly string[],
    act: (node: Node, groups: string[]) => Promise<ReadonlyMap<string, number>>,
  ): Promise<void> {
    const { clock, coordinators } = this.#deps;
    const giveUpAt = clock.monotonic() + PATIENCE_MS;
    let left = subscriptionIds.map((id) => this.#groupOf(id));
    for (;;) {
      let problem: string | undefined;
      const done = new Set<string>();
      try {
        const nodes = await coordinators.of(left);
        for (const { node, groups } of nodes) {
          const failed = await act(node, groups);
          for (const group of groups) if (!failed.has(group)) done.add(group);
          for (const code of failed.values()) problem = nameOf(code);
        }
      } catch (error) {
        problem = reasonOf(error);
      }
      left = left.filter((group) => !done.has(group));
      if (left.length === 0) return;
      coordinators.forget(left);
      if (clock.monotonic() > giveUpAt) {
        throw new Error(
          `the group ${left[0]} does not answer: ${problem ?? coordinators.problem ?? 'no coordinator'}`,
        );
      }
      await sleep(clock, RETRY_MS);
    }
  }
}

/** The commits of one group stay in order; half of the groups need not wait for the other half. */
function lineOf(group: string): Line {
  return group.charCodeAt(group.length - 1) % 2 === 0 ? 'commit' : 'commit-2';
}
