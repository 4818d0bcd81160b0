import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** A gateway in a process of its own, as a user runs it: `serve` on the embedded broker with free ports. */
export class GatewayProcess {
  readonly url: string;
  readonly admin: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number, adminPort: number) {
    this.#child = child;
    this.url = `http://127.0.0.1:${port}`;
    this.admin = `http://127.0.0.1:${adminPort}`;
  }

  /** `settings` are TMF_HUB_* variables. Rejects with what it wrote to stderr when it does not start. */
  static async start(
    dataDir: string,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<GatewayProcess> {
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
    let complaint = '';
    child.stderr.on('data', (text: Buffer) => (complaint += text.toString()));
    for await (const line of createInterface(child.stdout)) {
      if (!line.includes('"gateway.listening"')) continue;
      const { port, adminPort } = JSON.parse(line) as { port: number; adminPort: number };
      child.stdout.resume();
      return new GatewayProcess(child, port, adminPort);
    }
    throw new Error(`the gateway did not start: ${complaint}`);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** SIGTERM; resolves with the exit code. */
  async stop(): Promise<number | null> {
    return this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exit = once(this.#child, 'exit');
      this.#child.kill(signal);
      await exit;
    }
    return this.#child.exitCode;
  }
}
