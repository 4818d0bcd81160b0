import type { Cluster } from './cluster.ts';
import { NONE, nameOf } from './error-codes.ts';
import { reasonOf, requests, type Node, type Wire } from './wire.ts';

const GROUP = 0;
/** Groups asked for in one request. */
const CHUNK = 1_000;

/** Which node keeps the offsets of which group. Remembered until somebody says that it was wrong. */
export class Coordinators {
  readonly #wire: Wire;
  readonly #cluster: Cluster;
  readonly #known = new Map<string, Node>();
  /** Why the last question brought no coordinator for some group; undefined when it did for all. */
  problem: string | undefined;

  constructor(wire: Wire, cluster: Cluster) {
    this.#wire = wire;
    this.#cluster = cluster;
  }

  /**
   * Groups by the node that coordinates them. A group whose coordinator cannot be had now is in no list. The first
   * question ever makes the broker create its offsets topic.
   */
  async of(groups: readonly string[]): Promise<{ node: Node; groups: string[] }[]> {
    const unknown = groups.filter((group) => !this.#known.has(group));
    for (let i = 0; i < unknown.length; i += CHUNK) await this.#find(unknown.slice(i, i + CHUNK));
    const byNode = new Map<string, { node: Node; groups: string[] }>();
    for (const group of groups) {
      const node = this.#known.get(group);
      if (!node) continue;
      const key = `${node.host}:${node.port}`;
      const entry = byNode.get(key) ?? { node, groups: [] };
      byNode.set(key, entry);
      entry.groups.push(group);
    }
    return [...byNode.values()];
  }

  /** The node answered that it is not the one, or did not answer. */
  forget(groups: Iterable<string>): void {
    for (const group of groups) this.#known.delete(group);
  }

  async #find(groups: string[]): Promise<void> {
    for (const node of this.#cluster.nodes) {
      try {
        const { coordinators } = await this.#wire.call(
          ...(['control', node, requests.findCoordinator, GROUP, groups] as const),
        );
        this.#learn(coordinators);
        if (coordinators.some(({ errorCode }) => errorCode === NONE)) return;
      } catch (error) {
        this.problem = reasonOf(error);
      }
    }
  }

  #learn(coordinators: readonly { key: string; host: string; port: number; errorCode: number }[]): void {
    this.problem = undefined;
    // Few nodes coordinate many groups: they share the node's object and its strings.
    const shared = new Map<string, Node>();
    for (const { key, host, port, errorCode } of coordinators) {
      if (errorCode !== NONE) {
        this.problem = `no coordinator for ${key}: ${nameOf(errorCode)}`;
        continue;
      }
      const coordinator = shared.get(`${host}:${port}`) ?? { host, port };
      shared.set(`${host}:${port}`, coordinator);
      this.#known.set(key, coordinator);
    }
  }
}
