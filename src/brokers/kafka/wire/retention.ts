import type { Clock } from '../../../time.ts';
import type { TopicAdmin } from './topic-admin.ts';

/** Settings of topics change seldom. */
const ASK_EVERY_MS = 300_000;
const SETTING = 'retention.ms';

/** How long the cluster keeps the events of the sources: the shortest of their topics' retentions by age. */
export class Retention {
  readonly #admin: TopicAdmin;
  readonly #clock: Clock;
  #askedAt = -Infinity;
  #askedFor = '';
  #ms: number | undefined;

  constructor(admin: TopicAdmin, clock: Clock) {
    this.#admin = admin;
    this.#clock = clock;
  }

  /** Milliseconds; undefined where none is by age, or it is not known: not everybody may read settings. */
  get ms(): number | undefined {
    return this.#ms;
  }

  /** Asks if it is time to, or if the topics are others than before. Never rejects. */
  async look(topics: readonly string[]): Promise<void> {
    const now = this.#clock.monotonic();
    const askedFor = topics.join(' ');
    if (now - this.#askedAt < ASK_EVERY_MS && askedFor === this.#askedFor) return;
    this.#askedAt = now;
    this.#askedFor = askedFor;
    const settings = topics.map((topic) => this.#admin.topicConfig(topic, [SETTING]).catch(() => undefined));
    const ages = (await Promise.all(settings))
      .map((setting) => Number(setting?.[SETTING] ?? -1))
      .filter((age) => age >= 0);
    this.#ms = ages.length === 0 ? undefined : Math.min(...ages);
  }
}
