import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { CommandFailed } from '../exit.ts';

/** A gateway that runs as a process of its own, as in production. */
export interface GatewayProcess {
  readonly origin: string;
  readonly adminOrigin: string;
  /** Rejects when the process ends before it was asked to. */
  readonly died: Promise<never>;
  /** Resolves with the exit code, null when it had to be killed. */
  stop(): Promise<number | null>;
}

// Shortened so that an outage and a dead letter fit into a minute; everything else is as shipped.
const SETTINGS = {
  TMF_HUB_BROKER: 'embedded',
  TMF_HUB_SERVER_HOST: '127.0.0.1',
  TMF_HUB_SERVER_PORT: '0',
  TMF_HUB_ADMIN_HOST: '127.0.0.1',
  TMF_HUB_ADMIN_PORT: '0',
  TMF_HUB_CALLBACKS_ALLOW: '127.0.0.0/8',
  TMF_HUB_RETRY_DELAYS: '200ms,500ms,1s',
  TMF_HUB_CIRCUIT_PROBEMIN: '200ms',
  TMF_HUB_CIRCUIT_PROBEMAX: '500ms',
  TMF_HUB_LOG_LEVEL: 'warn',
};
const START_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 15_000;

/** Starts `serve` on free ports with its data in `folder`. Rejects with what it said when it does not come up. */
export async function startGatewayProcess(entry: string, folder: string): Promise<GatewayProcess> {
  // The user's own settings of a gateway must not change the play.
  const clean = Object.entries(process.env).filter(([name]) => !name.startsWith('TMF_HUB_'));
  const child = spawn(process.execPath, [entry, 'serve'], {
    cwd: folder,
    env: { ...Object.fromEntries(clean), ...SETTINGS, TMF_HUB_DATA_DIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const killWithUs = () => void child.kill('SIGKILL');
  process.on('exit', killWithUs);
  const exited = once(child, 'exit') as Promise<[number | null]>;
  void exited.then(() => process.off('exit', killWithUs));
  let stopping = false;
  const said = collect(child);
  const died = exited.then(([code]): never => {
    throw new CommandFailed(`The gateway ended by itself (exit code ${code}): ${said.text()}`);
  });
  died.catch(() => undefined);
  const stop = async () => {
    stopping = true;
    child.kill('SIGTERM');
    const patience = setTimeout(killWithUs, STOP_LIMIT_MS);
    const [code] = await exited;
    clearTimeout(patience);
    return code;
  };
  const impatience = setTimeout(killWithUs, START_LIMIT_MS);
  try {
    const { port, adminPort } = await Promise.race([said.listening, died]);
    return {
      origin: `http://127.0.0.1:${port}`,
      adminOrigin: `http://127.0.0.1:${adminPort}`,
      died: died.catch((error: unknown) =>
        stopping ? new Promise<never>(() => undefined) : Promise.reject(error as Error),
      ),
      stop,
    };
  } finally {
    clearTimeout(impatience);
  }
}

/** Reads both outputs to their ends, so that the process never waits for a reader. */
function collect(child: ChildProcess) {
  const last: string[] = [];
  const listening = Promise.withResolvers<{ port: number; adminPort: number }>();
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      last.push(line);
      if (last.length > 20) last.shift();
      if (!line.includes('"gateway.listening"')) return;
      listening.resolve(JSON.parse(line) as { port: number; adminPort: number });
    });
  }
  return { listening: listening.promise, text: () => last.join('\n') };
}
