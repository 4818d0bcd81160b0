import type { Logger } from '../../../logger.ts';
import type { Cluster } from '../wire/cluster.ts';

/**
 * Logs why a member does without its group: each reason once until it is over, and none while no broker answers at
 * all, which is said elsewhere. What was not logged then is logged when it is still so afterwards.
 */
export class Complaints {
  readonly #cluster: Pick<Cluster, 'isThere'>;
  readonly #logger: Logger;
  readonly #group: string;
  readonly #said = new Set<string>();

  constructor({ cluster, logger, group }: { cluster: Cluster; logger: Logger; group: string }) {
    this.#cluster = cluster;
    this.#logger = logger;
    this.#group = group;
  }

  /** Resolves when the cluster was asked whether it is there. */
  async met(reason: string, message: 'group.not-joined' | 'group.silent'): Promise<void> {
    if (!(await this.#cluster.isThere()) || this.#said.has(reason)) return;
    this.#said.add(reason);
    this.#logger.warn({ group: this.#group, reason }, message);
  }

  over(): void {
    this.#said.clear();
  }
}
