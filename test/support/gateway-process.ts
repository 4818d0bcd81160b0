import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** A gateway in a process of its own, as a user runs it: `serve` with free ports, on the embedded broker by default. */
export class GatewayProcess {
  /** All lines that it wrote, on stdout and stderr. */
  readonly output: string[] = [];
  readonly #child: ChildProcess;
  readonly #ports: Promise<{ port: number; adminPort: number }>;
  #url = '';
  #admin = '';
  #askedToEnd = false;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#ports = new Promise((resolve, reject) => {
      for (const stream of [child.stdout!, child.stderr!]) {
        createInterface(stream).on('line', (line) => {
          this.output.push(line);
          if (line.includes('"gateway.listening"'))
            resolve(JSON.parse(line) as { port: number; adminPort: number });
        });
      }
      child.once('close', () => {
        reject(new Error(`the gateway did not start: ${this.output.slice(-20).join('\n')}`));
      });
    });
    this.#ports.catch(() => undefined);
  }

  /** `settings` are TMF_HUB_* variables. Rejects with what it wrote when it does not start. */
  static async start(
    dataDir: string,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<GatewayProcess> {
    const gateway = GatewayProcess.launch(dataDir, settings);
    await gateway.listening();
    return gateway;
  }

  /** As `start`, for one that may take long until it listens. */
  static launch(dataDir: string, settings: Readonly<Record<string, string>> = {}): GatewayProcess {
    const child = spawn(process.execPath, [MAIN, 'serve'], {
      env: {
        PATH: process.env['PATH'],
        TMF_HUB_DATA_DIR: dataDir,
        TMF_HUB_SERVER_PORT: '0',
        TMF_HUB_ADMIN_PORT: '0',
        TMF_HUB_LOG_LEVEL: 'error',
        ...settings,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new GatewayProcess(child);
  }

  /** Resolves once it takes requests. Rejects with what it wrote when it ends before. */
  async listening(): Promise<void> {
    const { port, adminPort } = await this.#ports;
    this.#url = `http://127.0.0.1:${port}`;
    this.#admin = `http://127.0.0.1:${adminPort}`;
  }

  /** '' before it listens. */
  get url(): string {
    return this.#url;
  }

  /** '' before it listens. */
  get admin(): string {
    return this.#admin;
  }

  get isListening(): boolean {
    return this.#admin !== '' && !this.#hasEnded;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** It ended though nobody here asked it to. */
  get endedByItself(): boolean {
    return this.#hasEnded && !this.#askedToEnd;
  }

  /** kill -9. Rejects, as `stop`, when it answered otherwise than its API description says. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** SIGTERM; resolves with the exit code. */
  async stop(): Promise<number | null> {
    return this.#end('SIGTERM');
  }

  /** Takes the processor away from it; its connections stay open. */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    if (!this.#hasEnded) {
      this.#askedToEnd = true;
      const exit = once(this.#child, 'exit');
      this.#child.kill(signal);
      await exit;
    }
    const wrong = this.output.filter((line) => line.includes('"hub.answer.invalid"'));
    if (wrong.length > 0) throw new Error(`answers were not as described: ${wrong.join('\n')}`);
    return this.#child.exitCode;
  }
}
