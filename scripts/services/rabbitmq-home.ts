import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { libraryPath, unpackedPackages } from './debian-packages.ts';

export interface RabbitmqHome {
  /** Where `rabbitmq-server` and `rabbitmqctl` are. */
  readonly programs: string;
  /** Erlang's daemon that tells nodes of each other. */
  readonly epmd: string;
  /** What its programs need of an environment to find each other. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Where Debian's Erlang takes itself to be. */
const INSTALLED = '/usr/lib/erlang';

/** Debian's RabbitMQ and Erlang, fetched first when they are not there; `tell` hears so. An installed one is left alone. */
export async function rabbitmqHome(tell: (line: string) => void): Promise<RabbitmqHome> {
  const directory = await unpackedPackages(
    {
      name: 'rabbitmq-1',
      packages: ['rabbitmq-server'],
      together: 'erlang-',
      prepare: movable,
      otherwise:
        'Start Docker, or name a running RabbitMQ with TMF_HUB_RABBITMQ_URL=amqp://user:password@host:port.',
    },
    tell,
  );
  const erlang = path.join(directory, INSTALLED);
  const [server = ''] = await readdir(path.join(directory, 'usr/lib/rabbitmq/lib'));
  const programs = path.join(directory, 'usr/lib/rabbitmq/lib', server, 'sbin');
  const erts = (await readdir(erlang)).find((name) => name.startsWith('erts-')) ?? '';
  const folders = [path.join(erlang, 'bin'), path.join(directory, 'usr/bin'), process.env['PATH'] ?? ''];
  return {
    programs,
    epmd: path.join(erlang, erts, 'bin/epmd'),
    environment: {
      ERL_ROOTDIR: erlang,
      PATH: folders.join(path.delimiter),
      LD_LIBRARY_PATH: await libraryPath(directory),
      RABBITMQ_HOME: path.dirname(programs),
    },
  };
}

/** Erlang's start scripts name the folder that they were made for. */
async function movable(directory: string): Promise<void> {
  const bin = path.join(directory, INSTALLED, 'bin');
  for (const name of ['erl', 'start']) {
    const script = path.join(bin, name);
    const text = await readFile(script, 'utf8').catch(() => undefined);
    if (text !== undefined) await writeFile(script, text.replaceAll(INSTALLED, '$ERL_ROOTDIR'));
  }
}
