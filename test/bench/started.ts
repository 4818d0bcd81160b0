import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';

/** A gateway in a process of its own, started by what `npm start` says. */
export class StartedGateway {
  readonly pid: number;
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** `settings` are TMF_HUB_* variables. Resolves when it takes requests. */
  static async start(dir: string, settings: Readonly<Record<string, string>> = {}): Promise<StartedGateway> {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { start: string } };
    const env = {
      PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
      TMF_HUB_DATA_DIR: dir,
      TMF_HUB_SERVER_PORT: '0',
      TMF_HUB_ADMIN_PORT: '0',
      ...settings,
    };
    const child = spawn('sh', ['-c', scripts.start], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    for await (const line of createInterface(child.stdout)) {
      if (!line.includes('"gateway.listening"')) continue;
      child.stdout.resume();
      return new StartedGateway(child, (JSON.parse(line) as { port: number }).port);
    }
    throw new Error('the gateway did not start');
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill();
    await exit;
  }
}
