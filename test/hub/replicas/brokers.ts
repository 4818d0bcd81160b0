import type { Subscription } from '../../../src/registry/store.ts';

/**
 * What the brokers keep for all replicas, and what was done to it against the rules: `problems` has that in words.
 */
export class SharedBrokers {
  readonly problems: string[] = [];
  /** The subscriptions that have positions. */
  readonly positions = new Set<string>();
  /** How often each was attached as new. */
  readonly begun = new Map<string, number>();

  /** A second start would skip what came since the first. Of one that is declared all replicas make the same start. */
  begin({ id }: Subscription): void {
    const times = (this.begun.get(id) ?? 0) + 1;
    this.begun.set(id, times);
    if (times > 1 && !id.startsWith('declared-'))
      this.problems.push(`${id} was attached as new ${times} times`);
    this.positions.add(id);
  }

  /** One without positions is sent all that its sources still have. */
  goOn({ id }: Subscription, mayBeLate: boolean): void {
    if (!this.positions.has(id) && !mayBeLate) this.problems.push(`${id} was attached without positions`);
    this.positions.add(id);
  }

  /** What was settled is committed, whether or not the positions were removed meanwhile. */
  commit(id: string): void {
    this.positions.add(id);
  }

  end(id: string): void {
    this.positions.delete(id);
  }
}
