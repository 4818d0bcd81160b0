import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { GatewayProcess } from '../support/gateway-process.ts';

/** One gateway of a site, with a data folder of its own, through all its lives. */
export class Replica {
  readonly name: string;
  readonly #dir: string;
  readonly #settings: Readonly<Record<string, string>>;
  readonly #lives: GatewayProcess[] = [];

  constructor(name: string, dir: string, settings: Readonly<Record<string, string>>) {
    this.name = name;
    this.#dir = dir;
    this.#settings = settings;
  }

  /** Resolves once it listens. */
  async start(): Promise<void> {
    await this.launch().listening();
  }

  launch(settings: Readonly<Record<string, string>> = {}): GatewayProcess {
    const gateway = GatewayProcess.launch(this.#dir, { ...this.#settings, ...settings });
    this.#lives.push(gateway);
    return gateway;
  }

  /** The process of its last start. */
  get now(): GatewayProcess {
    const gateway = this.#lives.at(-1);
    if (!gateway) throw new Error(`${this.name} was never started`);
    return gateway;
  }

  get isListening(): boolean {
    return this.#lives.at(-1)?.isListening ?? false;
  }

  /** SIGTERM; resolves with the exit code. */
  async stop(): Promise<number | null> {
    return this.now.stop();
  }

  async kill(): Promise<void> {
    await this.#lives.at(-1)?.kill();
  }

  /** What no gateway may do whatever happens to its brokers: end by itself, or say what was never meant to be said. */
  complaints(): string[] {
    return this.#lives.flatMap((life, i) => {
      const unmeant = life.output.filter((line) => !isMeant(line)).slice(0, 20);
      return [
        ...(life.endedByItself ? [`process ${i + 1} of ${this.name} ended by itself`] : []),
        ...unmeant.map((line) => `process ${i + 1} of ${this.name} wrote: ${line}`),
      ];
    });
  }

  /** Is there a line of its log with all of these texts? */
  wrote(...texts: readonly string[]): boolean {
    return this.#lives.some(({ output }) =>
      output.some((line) => texts.every((text) => line.includes(text))),
    );
  }

  /** Writes down all that it said, for people. */
  keepOutput(folder: string, title: string): void {
    mkdirSync(folder, { recursive: true });
    this.#lives.forEach(({ output }, i) => {
      writeFileSync(path.join(folder, `${title}-${this.name}-${i + 1}.log`), output.join('\n'));
    });
  }
}

/** A line of the log that speaks of no mistake in the code, or one that Node.js writes at every start. */
function isMeant(line: string): boolean {
  if (line.startsWith('{"level"'))
    return !/unhandled|uncaught|(Type|Reference|Range|Syntax|Assertion)Error/i.test(line);
  return line === '' || /ExperimentalWarning|node --trace-warnings/.test(line);
}
