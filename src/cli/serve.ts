import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isFault } from '../faults.ts';
import type { Arguments, Options } from './arguments.ts';
import type { Command } from './command.ts';
import { CommandFailed, EXIT } from './exit.ts';
import type { Terminal } from './terminal.ts';

/** A gateway that runs in this process. */
interface RunningGateway {
  readonly port: number;
  readonly adminPort: number;
  stop(): Promise<void>;
}

/** Loads the configuration and starts the gateway; the command line does not know how. */
export type Boot = (
  file: string,
  env: Readonly<Record<string, string | undefined>>,
  /** Resolves when the gateway is not wanted any more: a start that waits for a broker then rejects (StartAbandoned). */
  stopped: Promise<unknown>,
) => Promise<RunningGateway | { readonly mistakes: readonly string[] }>;

/** The option that names the configuration, for all commands that read it: see configFileOf. */
export const CONFIG: Options = {
  config: {
    type: 'string',
    short: 'c',
    value: '<file>',
    text: 'configuration file; else config/local.yaml of the working directory, else the packaged one',
    env: 'TMF_HUB_CONFIG',
  },
};

export function serveCommand(boot: Boot): Command {
  return {
    name: 'serve',
    summary: 'Run the gateway until SIGTERM or Ctrl-C',
    operands: '',
    count: { min: 0, max: 0 },
    options: CONFIG,
    examples: ['serve', 'serve --config my-gateway.yaml', 'serve -c my-gateway.yaml > gateway.log'],
    notes: [
      'Every setting is also an environment variable, e.g. TMF_HUB_SERVER_PORT=9090 (config/reference.md).',
      'When ready, one JSON line on stdout has "msg":"gateway.listening", "port" and "adminPort".',
      'SIGTERM and SIGINT finish what is in flight, then exit 0; a second one exits at once with 130.',
    ],
    async run(args, terminal) {
      return serve(configFileOf(args), boot, terminal);
    },
  };
}

async function serve(file: string, boot: Boot, terminal: Terminal): Promise<number> {
  // Asked for before the start, so that a signal during the start is not lost.
  const { stopped } = terminal;
  if (!existsSync(file)) throw new CommandFailed(`There is no configuration file ${file}.`, EXIT.usage);
  const gateway = await boot(file, settingsOf(terminal.env), stopped).catch((error: unknown) => {
    if ((error as Error).name === 'StartAbandoned') return undefined;
    throw startFailure(error);
  });
  if (!gateway) return EXIT.ok;
  if ('mistakes' in gateway) {
    terminal.err(`The configuration ${file} has mistakes:`);
    for (const mistake of gateway.mistakes) terminal.err(`  ${mistake}`);
    return EXIT.usage;
  }
  const { port, adminPort } = gateway;
  terminal.out(
    JSON.stringify({ level: 30, time: new Date().toISOString(), port, adminPort, msg: 'gateway.listening' }),
  );
  await stopped;
  await gateway.stop();
  return EXIT.ok;
}

// Variables of the command line itself: taken for settings of the gateway they would be mistakes.
const OWN_VARIABLES = ['TMF_HUB_GATEWAY', 'TMF_HUB_ADMIN'];

/** What of the environment is a setting of the gateway. */
export function settingsOf(env: Terminal['env']): Terminal['env'] {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !OWN_VARIABLES.includes(name)));
}

/** The file that `serve` reads: whether it exists is not looked at. */
export function configFileOf(args: Arguments): string {
  return args.text('config') ?? defaultConfig();
}

function defaultConfig(): string {
  const inWorkingDirectory = 'config/local.yaml';
  if (existsSync(inWorkingDirectory)) return inWorkingDirectory;
  return fileURLToPath(new URL('../../config/local.yaml', import.meta.url));
}

function startFailure(error: unknown): unknown {
  const { code, message, port, address } = error as NodeJS.ErrnoException & {
    port?: number;
    address?: string;
  };
  if (code === 'EADDRINUSE') {
    const where = [port ?? 'of the gateway', address === undefined ? '' : `on ${address}`].join(' ').trim();
    return new CommandFailed(
      `Port ${where} is in use: stop what listens there, or choose another by ` +
        'TMF_HUB_SERVER_PORT and TMF_HUB_ADMIN_PORT (0 = any free port).',
    );
  }
  return isFault(error) ? error : new CommandFailed(`The gateway cannot start: ${message}`);
}
