import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts, PortTaken, onFreshPorts } from '../../scripts/services/ports.ts';
import { TestListener, type Receipt as Received } from '../support/listener.ts';

/** One request that a listener got. */
export interface Receipt {
  readonly eventId: string;
  readonly key: string;
  readonly sequence: number;
  /** Milliseconds of `performance.now`. */
  readonly at: number;
  /** `x-tmf-hub-attempt` and `x-tmf-hub-replay` as they came. */
  readonly attempt: string;
  readonly replay: boolean;
  /** The answer was 204, else 400. */
  readonly isTaken: boolean;
}

/** A listener that writes down what it gets, in short: there is much of it. It can go away and come back. */
export class Recorder {
  readonly receipts: Receipt[] = [];
  /** Where in `receipts` an event came first. */
  readonly firsts = new Map<string, number>();
  /** How long it takes for an answer, milliseconds. */
  readonly slowness: () => number;
  /** Events that it answers with 400. */
  refuses: (eventId: string) => boolean = () => false;
  #listener: TestListener | undefined;
  readonly #port: number;

  private constructor(slowness: () => number, port: number) {
    this.slowness = slowness;
    this.#port = port;
  }

  /** On a port that nobody's outgoing connection can take while it is away. */
  static async start(slowness: () => number): Promise<Recorder> {
    return onFreshPorts(async () => {
      const [port] = await freePorts(1);
      const recorder = new Recorder(slowness, port!);
      await recorder.return().catch((error: unknown) => {
        throw new PortTaken('a listener', { cause: error });
      });
      return recorder;
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/listener`;
  }

  get lastAt(): number {
    return this.receipts.at(-1)?.at ?? -Infinity;
  }

  /** Connections are refused from now on. */
  async leave(): Promise<void> {
    await this.#listener?.stop();
    this.#listener = undefined;
  }

  async return(): Promise<void> {
    const listener = (this.#listener = await TestListener.start(this.#port));
    listener.answers(async (received) => {
      listener.receipts.length = 0;
      const isTaken = !this.refuses(received.event.eventId);
      this.#write(received, isTaken);
      await sleep(this.slowness());
      return isTaken ? 204 : 400;
    });
  }

  #write({ headers, event: { eventId, event } }: Received, isTaken: boolean): void {
    const { id: key, sequence } = event['productOrder'] as unknown as { id: string; sequence: number };
    const attempt = String(headers['x-tmf-hub-attempt']);
    const replay = headers['x-tmf-hub-replay'] === 'true';
    if (!this.firsts.has(eventId)) this.firsts.set(eventId, this.receipts.length);
    this.receipts.push({ eventId, key, sequence, at: performance.now(), attempt, replay, isTaken });
  }
}
