import type { Logger } from '../../../logger.ts';
import type { Clock } from '../../../time.ts';
import type { AppendedRecord, TopicAccess } from '../../tables/topic-access.ts';
import type { Calls } from '../wire/calls.ts';
import type { Link } from '../wire/link.ts';
import { ensureStream, type StreamRetention } from './declare-stream.ts';
import { FollowedStream } from './followed-stream.ts';
import { StreamAppends } from './stream-appends.ts';
import { decodeRecord, encodeMarker, encodeRecord, type TableMessage } from './stream-message.ts';
import { StreamReads } from './stream-reads.ts';

export interface StreamAccessOptions {
  readonly calls: Calls;
  readonly reading: Link;
  readonly publishing: Link;
  /** Ids that no message had before, of whatever process. */
  readonly newId: () => string;
  /** The largest message that the server takes, bytes. */
  readonly maxMessageBytes: number;
  /** For a stream that is still to be made. */
  readonly retention: StreamRetention;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Few: a letter may have megabytes, and who looks at one does not want the next fifty. */
const BODIES_PREFETCH = 4;

/** Streams of RabbitMQ as the home of tables. Each has one partition; its topic id changes when it was made anew. */
export class StreamAccess implements TopicAccess {
  /** For records that somebody looks at: `read` is for whoever follows the stream, and has one call at a time. */
  readonly bodies: Pick<TopicAccess, 'read'>;
  readonly #options: StreamAccessOptions;
  readonly #appends: StreamAppends;
  readonly #reads: StreamReads;
  readonly #followed = new Map<string, FollowedStream>();

  constructor(options: StreamAccessOptions) {
    const { reading, clock } = options;
    this.#options = options;
    this.#appends = new StreamAppends(options);
    const reads = new StreamReads({ link: reading, prefetch: BODIES_PREFETCH, clock });
    this.#reads = reads;
    this.bodies = {
      async read(topic, _partition, from, maxBytes) {
        const { messages, next } = await reads.read(topic, from, maxBytes);
        return { records: messages.map(decodeRecord), next, topicId: topic };
      },
    };
  }

  /** The settings are Kafka's; a stream is made as `retention` says. */
  async ensure(topic: string): Promise<number> {
    await ensureStream(this.#options.calls, topic, this.#options.retention);
    return 1;
  }

  async read(topic: string, _partition: number, from: number, maxBytes: number) {
    const { messages, next } = await this.#of(topic).read(from, maxBytes);
    return { records: messages.map(decodeRecord), next, topicId: topic };
  }

  /** Writes a message of no meaning: RabbitMQ tells where a stream ends only to those who write to it. */
  async bounds(topic: string) {
    const end = (await this.#mark(topic)) + 1;
    return { start: await this.#reads.firstOffset(topic), end, topicId: topic };
  }

  async append(record: AppendedRecord) {
    const { topic } = record;
    const offset = await this.#write(topic, encodeRecord(record, this.#options.clock.now()));
    return { partition: 0, offset };
  }

  /** What is under way is told by a rejection. The connections are not its own. */
  stop(): void {
    this.#appends.stop();
    this.#reads.stop();
    for (const followed of this.#followed.values()) followed.stop();
  }

  #mark(topic: string): Promise<number> {
    return this.#write(topic, encodeMarker(this.#options.clock.now()));
  }

  #write(topic: string, message: TableMessage): Promise<number> {
    return this.#of(topic).wrote(() => this.#appends.append(topic, message));
  }

  #of(topic: string): FollowedStream {
    const known = this.#followed.get(topic);
    if (known) return known;
    const followed = new FollowedStream({
      ...{ link: this.#options.reading, stream: topic, clock: this.#options.clock },
      firstOffset: () => this.#reads.firstOffset(topic),
      mark: () => this.#appends.append(topic, encodeMarker(this.#options.clock.now())),
    });
    this.#followed.set(topic, followed);
    return followed;
  }
}
