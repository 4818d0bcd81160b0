import type { Logger } from '../../../logger.ts';
import type { Failure } from './connect-failure.ts';

/** Logs what is wrong with the connections to one server: once, whichever of them met it and however often. */
export class Troubles {
  readonly #logger: Logger;
  /** By the purpose of the connection. */
  readonly #current = new Map<string, string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  met(purpose: string, { sentence: reason, isRefusal }: Failure): void {
    const isNews = ![...this.#current.values()].includes(reason);
    this.#current.set(purpose, reason);
    if (!isNews) return;
    if (isRefusal) this.#logger.error({ purpose, reason }, 'rabbitmq.refused');
    else this.#logger.warn({ purpose, reason }, 'rabbitmq.disconnected');
  }

  over(purpose: string): void {
    this.#current.delete(purpose);
  }
}
