import type { Command } from './command.ts';
import { CommandFailed, EXIT } from './exit.ts';
import { GatewayClient } from './gateway-client.ts';
import { configFileOf, CONFIG, settingsOf } from './serve.ts';
import type { Terminal } from './terminal.ts';

/** Where a configuration puts the admin port; the command line does not know how it is read. */
export type FindAdmin = (
  file: string,
  env: Readonly<Record<string, string | undefined>>,
) => Promise<{ readonly host: string; readonly port: number } | { readonly mistakes: readonly string[] }>;

/** Whoever asks by this command asks again soon, and kills it when it takes long. */
const PATIENCE_MS = 3000;

export function healthCommand(findAdmin: FindAdmin): Command {
  return {
    name: 'health',
    summary: 'Ask whether the gateway is alive, or ready: exit code 0 or 1',
    operands: '',
    count: { min: 0, max: 0 },
    options: {
      ready: { type: 'boolean', text: 'would a POST /hub be accepted now? Else only: is the process alive?' },
      admin: {
        type: 'string',
        value: '<url>',
        text: "the gateway's admin address; else this machine at the port of its configuration",
        env: 'TMF_HUB_ADMIN',
      },
      ...CONFIG,
    },
    examples: ['health', 'health --ready', 'health --admin http://gateway:8081'],
    notes: [
      'It reads the configuration as serve does, from the same file and environment: what runs beside a',
      'gateway, such as the health check of a container, needs no option. It waits 3 seconds at most.',
    ],
    async run(args, terminal) {
      const file = configFileOf(args);
      const base = args.text('admin') ?? (await addressIn(file, terminal.env, findAdmin));
      const path = args.flag('ready') ? '/readyz' : '/healthz';
      await ask(new GatewayClient(base, undefined, PATIENCE_MS), path);
      terminal.out(args.flag('ready') ? 'ready' : 'healthy');
      return EXIT.ok;
    },
  };
}

/** All that can be wrong is exit code 1: container engines reserve the others. */
async function ask(client: GatewayClient, path: string): Promise<void> {
  try {
    const { status } = await client.get(path);
    if (status !== 200) throw new CommandFailed(`GET ${path} was answered ${status}.`);
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    throw new CommandFailed(notReady(error.detail) ?? error.message, EXIT.failed, error.detail);
  }
}

async function addressIn(file: string, env: Terminal['env'], findAdmin: FindAdmin): Promise<string> {
  const found = await findAdmin(file, settingsOf(env));
  if ('mistakes' in found) {
    const [first = '', ...others] = found.mistakes;
    const more = others.length === 0 ? '' : ` (mistakes beside it: ${others.length})`;
    throw new CommandFailed(`Where the gateway listens is not known: ${first}${more}`);
  }
  if (found.port === 0) {
    throw new CommandFailed(
      'Where the gateway listens is not known: admin.port is 0, any free port. Say it by --admin <url>.',
    );
  }
  return `http://${reachable(found.host)}:${found.port}`;
}

/** An address that stands for all of this machine is none that can be asked. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

/** The parts that keep the gateway from being ready, in one sentence; undefined where the answer names none. */
function notReady(detail: unknown): string | undefined {
  const { body } = (detail ?? {}) as { body?: { parts?: Record<string, { ok: boolean; reason?: string }> } };
  const bad = Object.entries(body?.parts ?? {}).filter(([, { ok }]) => !ok);
  if (bad.length === 0) return undefined;
  return `Not ready: ${bad.map(([name, { reason }]) => `${name}: ${reason ?? 'no reason given'}`).join('; ')}`;
}
