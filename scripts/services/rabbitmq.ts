/** A real RabbitMQ on loopback, for as long as the process that asked for it lives, or until it lets go. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { GuardedProcess } from './guarded-process.ts';
import { freePorts, onFreshPorts } from './ports.ts';
import { rabbitmqHome, type RabbitmqHome } from './rabbitmq-home.ts';
import { whatIsWrong } from './rabbitmq-probe.ts';
import type { Server, ServerTls, StartSettings } from './server.ts';
import { ServerProcess } from './server-process.ts';

export interface RabbitmqSettings extends StartSettings {
  readonly tls?: ServerTls;
}

export interface Rabbitmq extends Server {
  /** Where it speaks TLS; undefined without `tls`. */
  readonly tlsPort: number | undefined;
  /** Of the daemon beside the server. */
  readonly epmdPid: number;
  /** What `rabbitmqctl` has to be told of the server. */
  readonly control: Control;
}

/** How to ask a server that may be another process's. */
export interface Control {
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Small, and quiet unless something is wrong. */
const CONFIGURATION: Readonly<Record<string, string>> = {
  'disk_free_limit.absolute': '50MB',
  'vm_memory_high_watermark.absolute': '1GB',
  'log.console': 'false',
  'log.file.level': 'warning',
};

/**
 * Resolves once it answers. Rejects, leaving nothing behind, when there is none or it does not start. Ends by itself
 * when this process does.
 */
export async function startRabbitmq(settings: RabbitmqSettings = {}): Promise<Rabbitmq> {
  const home = await rabbitmqHome(settings.tell ?? (() => undefined));
  return onFreshPorts(() => startOnce(home, settings));
}

/** What `rabbitmqctl -q` prints. Rejects with what it says when it fails. */
export async function rabbitmqctl(
  { program, environment }: Control,
  args: readonly string[],
): Promise<string> {
  const { stdout } = await promisify(execFile)(program, ['-q', ...args], {
    env: { ...process.env, ...environment },
    maxBuffer: 64 << 20,
  });
  return stdout;
}

async function startOnce(home: RabbitmqHome, settings: RabbitmqSettings): Promise<Rabbitmq> {
  const parent = settings.directory ?? os.tmpdir();
  await mkdir(parent, { recursive: true });
  const directory = await mkdtemp(path.join(parent, 'rabbitmq-'));
  const [port = 0, nodes = 0, names = 0, tlsPort = 0] = await freePorts(4);
  const url = `amqp://guest:guest@127.0.0.1:${port}`;
  const environment = environmentOf(home, directory, { nodes, names });
  await writeConfiguration(directory, {
    ...CONFIGURATION,
    'listeners.tcp.1': `127.0.0.1:${port}`,
    ...(settings.tls && tlsSettings(settings.tls, tlsPort)),
    ...settings.configuration,
  });
  const epmd = await launchEpmd(home, directory, environment, names);
  const server = serverOf(home, directory, environment);
  const start = (): Promise<void> => server.start(() => whatIsWrong(url));
  const end = async (): Promise<void> => {
    await server.kill();
    await epmd.end('SIGKILL');
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await start();
  } catch (error) {
    await end();
    throw error;
  }
  return {
    ...{ url, directory, start, end, epmdPid: epmd.pid },
    tlsPort: settings.tls && tlsPort,
    control: { program: path.join(home.programs, 'rabbitmqctl'), environment },
    get pid() {
      return server.pid;
    },
    kill: () => server.kill(),
    stop: () => server.stop(),
    freeze: () => server.freeze(),
    thaw: () => server.thaw(),
    release() {
      server.release();
      epmd.release();
    },
  };
}

function environmentOf(
  home: RabbitmqHome,
  directory: string,
  ports: { nodes: number; names: number },
): Record<string, string> {
  const inside = (name: string): string => path.join(directory, name);
  return {
    ...home.environment,
    // Erlang keeps the cookie there by which its nodes trust each other.
    HOME: directory,
    LC_ALL: 'C.UTF-8',
    ERL_EPMD_PORT: `${ports.names}`,
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: 'rabbit@localhost',
    RABBITMQ_DIST_PORT: `${ports.nodes}`,
    RABBITMQ_MNESIA_BASE: inside('mnesia'),
    RABBITMQ_LOG_BASE: inside('log'),
    RABBITMQ_CONFIG_FILE: inside('rabbitmq'),
    RABBITMQ_ENABLED_PLUGINS_FILE: inside('plugins'),
    RABBITMQ_CONF_ENV_FILE: inside('none.conf'),
    RABBITMQ_PID_FILE: inside('pid'),
    RABBITMQ_GENERATED_CONFIG_DIR: inside('generated'),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+S 2:2 +sbwt none',
    // The script becomes the server then, instead of waiting for it: so the server has the pid that we know.
    RUNNING_UNDER_SYSTEMD: 'true',
  };
}

function tlsSettings({ cert, key, clientCa }: ServerTls, port: number): Record<string, string> {
  return {
    'listeners.ssl.1': `127.0.0.1:${port}`,
    'ssl_options.certfile': cert,
    'ssl_options.keyfile': key,
    ...(clientCa !== undefined && {
      'ssl_options.cacertfile': clientCa,
      'ssl_options.verify': 'verify_peer',
      'ssl_options.fail_if_no_peer_cert': 'true',
    }),
  };
}

async function writeConfiguration(
  directory: string,
  configuration: Readonly<Record<string, string>>,
): Promise<void> {
  const lines = Object.entries(configuration).map(([name, value]) => `${name} = ${value}\n`);
  await writeFile(path.join(directory, 'rabbitmq.conf'), lines.join(''));
  await writeFile(path.join(directory, 'plugins'), '[].\n');
}

function launchEpmd(
  home: RabbitmqHome,
  directory: string,
  environment: Readonly<Record<string, string>>,
  port: number,
): Promise<GuardedProcess> {
  return GuardedProcess.launch({
    program: home.epmd,
    args: ['-port', `${port}`, '-address', '127.0.0.1'],
    directory,
    output: path.join(directory, 'epmd.log'),
    scratch: directory,
    environment: { ...process.env, ...environment },
  });
}

function serverOf(
  home: RabbitmqHome,
  directory: string,
  environment: Readonly<Record<string, string>>,
): ServerProcess {
  return new ServerProcess({
    name: 'RabbitMQ',
    launch: {
      program: path.join(home.programs, 'rabbitmq-server'),
      args: [],
      directory,
      output: path.join(directory, 'output.log'),
      scratch: directory,
      environment: { ...process.env, ...environment },
    },
    portTaken: /eaddrinuse|address already in use/i,
  });
}
