/** Programs written in Go, built from their module and kept between runs. */
import path from 'node:path';
import { filledOnce } from '../services/cache.ts';
import { mustRun } from './run.ts';

export interface GoProgram {
  /** Of the program, and of its folder in the module's `cmd`. */
  readonly name: string;
  readonly module: string;
  /** Such as v3.22.0. */
  readonly version: string;
  /** Is told when there is no Go to build it with. */
  readonly otherwise: string;
}

/** The program's path. Built first when it is not there, a minute or two; `tell` hears so. */
export async function goProgram(wanted: GoProgram, tell: (line: string) => void): Promise<string> {
  const { name, version } = wanted;
  const folder = [name, version, process.platform, process.arch].join('-');
  const directory = await filledOnce(folder, async (beside) => {
    await requireGo(wanted);
    tell(`building ${name} ${version} from its Go module; it is kept for later`);
    await build(wanted, path.join(beside, name));
  });
  return path.join(directory, name);
}

// Not `go install module@version`: that refuses modules that have a `replace` directive.
async function build({ name, module, version }: GoProgram, file: string): Promise<void> {
  const download = ['mod', 'download', '-json', `${module}@${version}`];
  const environment = { GOWORK: 'off', CGO_ENABLED: '0' };
  const answer = await mustRun(`fetching ${name}`, 'go', download, {
    directory: path.dirname(file),
    environment,
  });
  const { Dir: source } = JSON.parse(answer) as { Dir: string };
  const options = ['-mod=readonly', '-buildvcs=false', '-trimpath', '-ldflags=-s -w', '-o', file];
  await mustRun(`building ${name}`, 'go', ['build', ...options, `./cmd/${name}`], {
    directory: source,
    environment,
  });
}

async function requireGo({ name, version, otherwise }: GoProgram): Promise<void> {
  await mustRun('go', 'go', ['version']).catch((error: unknown) => {
    throw new Error(
      `${name} ${version}: there is no Go here to build it with ("go version" failed). ${otherwise}`,
      {
        cause: error,
      },
    );
  });
}
