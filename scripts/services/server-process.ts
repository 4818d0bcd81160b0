import { readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { GuardedProcess, type Launch } from './guarded-process.ts';
import { PortTaken } from './ports.ts';

/** A three-node cluster on a busy machine needs 15 s. */
const READY_WITHIN_MS = 90_000;
const STOPPED_WITHIN_MS = 20_000;

export interface ServerSettings {
  /** In what people read. */
  readonly name: string;
  readonly launch: Launch;
  /** Where it writes, beside its output. */
  readonly logs?: readonly string[];
  /** Its words for a port that somebody else has. */
  readonly portTaken: RegExp;
}

/** A server that is started, killed, frozen and started again at the same place. It ends when we do. */
export class ServerProcess {
  readonly #settings: ServerSettings;
  #process: GuardedProcess | undefined;

  constructor(settings: ServerSettings) {
    this.#settings = settings;
  }

  /** 0 while it does not run. */
  get pid(): number {
    return this.#process?.over === undefined ? (this.#process?.pid ?? 0) : 0;
  }

  /**
   * Resolves once `whatIsWrong` resolves with undefined. Rejects with the end of its log when it ended instead, with
   * PortTaken when that was why.
   */
  async start(whatIsWrong: () => Promise<string | undefined>): Promise<void> {
    if (this.pid !== 0) throw new Error(`${this.#settings.name} runs already`);
    // Why this start fails must not be read from an earlier one's words.
    for (const file of this.#written) await rm(file, { force: true });
    this.#process = await GuardedProcess.launch(this.#settings.launch);
    await this.#ready(this.#process, whatIsWrong);
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#process?.end('SIGKILL');
  }

  /** As it wants to be stopped; killed when that takes longer than 20 s. */
  async stop(): Promise<void> {
    this.thaw();
    const late = setTimeout(() => this.#process?.signal('SIGKILL'), STOPPED_WITHIN_MS);
    await this.#process?.end('SIGTERM');
    clearTimeout(late);
  }

  /** Takes the processor away from it; its connections stay open. */
  freeze(): void {
    this.#process?.signal('SIGSTOP');
  }

  thaw(): void {
    this.#process?.signal('SIGCONT');
  }

  /** From now on it lives on when we end. */
  release(): void {
    this.#process?.release();
  }

  get #written(): string[] {
    return [...(this.#settings.logs ?? []), this.#settings.launch.output];
  }

  async #ready(process: GuardedProcess, whatIsWrong: () => Promise<string | undefined>): Promise<void> {
    const deadline = performance.now() + READY_WITHIN_MS;
    while (process.over === undefined) {
      const wrong = await whatIsWrong();
      // Whoever answers now may be the one who has the port.
      if (wrong === undefined && !isOver(process)) return;
      if (performance.now() > deadline) {
        await this.kill();
        const { name } = this.#settings;
        throw new Error(`${name} was not ready within ${READY_WITHIN_MS / 1000} s: ${wrong ?? 'it ended'}`);
      }
      await sleep(100);
    }
    throw await this.#whyItEnded(process.over);
  }

  async #whyItEnded(how: string): Promise<Error> {
    const written = await Promise.all(this.#written.map((file) => readFile(file, 'utf8').catch(() => '')));
    const end = written.map((text) => text.slice(-3000)).join('\n');
    const error = `${this.#settings.name} ended while it started (${how}):\n${end}`;
    return this.#settings.portTaken.test(written.join('')) ? new PortTaken(error) : new Error(error);
  }
}

/** A call, because the compiler believes that an `await` changes no property. */
function isOver(process: GuardedProcess): boolean {
  return process.over !== undefined;
}
