/** Carries out the steps of a Dockerfile in a folder, with the Node that runs this and the machine's shell and npm. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Context } from './context.ts';
import type { ImageConfig, Stage, Step } from './dockerfile.ts';

const exec = promisify(execFile);

export interface Image {
  /** Where the files of the last stage are, as below `/`. */
  readonly root: string;
  readonly config: Readonly<ImageConfig>;
  remove(): Promise<void>;
}

/** Rejects when a step fails, with what it wrote. */
export async function buildImage(stages: readonly Stage[], context: Context): Promise<Image> {
  const folder = await mkdtemp(join(tmpdir(), 'image-'));
  const remove = async () => {
    // The image's files must not be written to; who is not root could not remove them.
    await exec('chmod', ['-R', 'u+rwX', folder]);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    // The user of the image must reach its files.
    await exec('chmod', ['755', folder]);
    const tools = join(folder, 'tools');
    await mkdir(tools);
    await symlink(process.execPath, join(tools, 'node'));
    const roots = new Map<string | undefined, string>();
    for (const [index, stage] of stages.entries()) {
      const root = join(folder, `stage-${index}`);
      await mkdir(root);
      roots.set(stage.name, root);
      for (const step of stage.steps) {
        if ('run' in step) await run(step, root, tools);
        else await copy(step, root, context, roots);
      }
    }
    const last = stages.at(-1);
    if (last === undefined) throw new Error('the Dockerfile has no FROM');
    return { root: join(folder, `stage-${stages.length - 1}`), config: last.config, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** What of this machine's settings npm needs to reach its registry and its cache. */
const OF_THE_MACHINE =
  /^(?:HOME|https?_proxy|no_proxy|node_extra_ca_certs|npm_config_(?:cache|registry|userconfig))$/i;

async function run(step: Extract<Step, { run: string }>, root: string, tools: string): Promise<void> {
  const cwd = join(root, step.workdir);
  await mkdir(cwd, { recursive: true });
  const ofTheMachine = Object.entries(process.env).filter(([name]) => OF_THE_MACHINE.test(name));
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((part) => !part.includes('node_modules'));
  try {
    await exec('/bin/sh', ['-c', step.run], {
      cwd,
      env: {
        npm_config_prefer_offline: 'true',
        ...Object.fromEntries(ofTheMachine),
        ...step.env,
        PATH: [tools, ...path].join(delimiter),
      },
      maxBuffer: 16 * 1024 * 1024,
    });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`RUN ${step.run} failed:\n${stdout}${stderr}`, { cause: error });
  }
}

async function copy(
  step: Exclude<Step, { run: string }>,
  root: string,
  context: Context,
  roots: ReadonlyMap<string | undefined, string>,
): Promise<void> {
  const target = join(root, step.to);
  const { uid, gid } = step.owner;
  for (const source of step.copy) {
    const copied =
      step.from === undefined
        ? await copyFromContext(source.slice(1), target, context)
        : await copyFromStage(join(stageOf(step.from, roots), source), target);
    if (process.getuid?.() === 0) await exec('chown', ['-R', '-h', `${uid}:${gid}`, copied]);
  }
}

function stageOf(name: string, roots: ReadonlyMap<string | undefined, string>): string {
  const root = roots.get(name);
  if (root === undefined) throw new Error(`COPY --from=${name}: there is no such stage`);
  return root;
}

/** Resolves with the file, or the folder, that is a copy now. */
async function copyFromContext(source: string, target: string, { folder, files }: Context): Promise<string> {
  if (files.includes(source)) {
    const to = await placeOf(source, target);
    await cp(join(folder, source), to);
    return to;
  }
  const below = files.filter((file) => file.startsWith(`${source}/`));
  if (below.length === 0) throw new Error(`COPY ${source}: the context has no such file`);
  await makeNew(target);
  for (const file of below) {
    await cp(join(folder, file), join(target, file.slice(source.length)));
  }
  return target;
}

async function copyFromStage(source: string, target: string): Promise<string> {
  if ((await stat(source)).isDirectory()) {
    await makeNew(target);
    await exec('cp', ['-a', `${source}/.`, target]);
    return target;
  }
  const to = await placeOf(source, target);
  await exec('cp', ['-a', source, to]);
  return to;
}

/** Docker mixes a folder's content into one that is there, and gives the owner to what is new alone: not needed here. */
async function makeNew(folder: string): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  await mkdir(folder);
}

async function placeOf(file: string, target: string): Promise<string> {
  const place = target.endsWith('/') ? join(target, basename(file)) : target;
  await mkdir(dirname(place), { recursive: true });
  return place;
}
