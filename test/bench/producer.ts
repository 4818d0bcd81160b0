import { Companion } from './companion.ts';
import type { Latency } from './latency.ts';
import type { ProducerAnswer, ProducerRequest } from './producing.ts';

/** A producer as another system has one, in a process of its own. `Where`: what it can publish to. */
export class Producer<Where> {
  readonly #process: Companion<ProducerRequest<Where>, ProducerAnswer>;

  private constructor(process: Companion<ProducerRequest<Where>, ProducerAnswer>) {
    this.#process = process;
  }

  /** `file` is a module beside this one that obeys; resolves when it is connected. */
  static async start<Where>(file: string, address: string): Promise<Producer<Where>> {
    const process = new Companion<ProducerRequest<Where>, ProducerAnswer>(file);
    await process.ask({ do: 'connect', address }, 'connected');
    return new Producer(process);
  }

  async fill(where: Where, count: number): Promise<void> {
    await this.#process.ask({ do: 'fill', where, count }, 'filled');
  }

  /** Resolves with how long the broker took to confirm. */
  pace(where: Where, perSecond: number, count: number, stamped: boolean): Promise<Latency> {
    return this.#process.ask({ do: 'pace', where, perSecond, count, stamped }, 'paced');
  }

  stop(): void {
    this.#process.stop();
  }
}
