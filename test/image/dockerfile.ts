/**
 * What a Dockerfile says, with all variables replaced. Only what test/image can carry out is understood: anything else,
 * shell forms too, throws an error that names the line, so that image and test cannot part ways unseen.
 */
import { posix } from 'node:path';
import { DockerfileParser, type Flag, type Instruction, type Property } from 'dockerfile-ast';

type Values = Readonly<Record<string, string>>;

/** A step that changes files. Paths are absolute. */
export type Step =
  | {
      readonly copy: readonly string[];
      /** Ends with a slash when it is a folder. */
      readonly to: string;
      /** Name of a stage; undefined: the build context. */
      readonly from: string | undefined;
      readonly owner: { readonly uid: number; readonly gid: number };
    }
  | { readonly run: string; readonly workdir: string; readonly env: Values };

/** What an image says about the containers that are made of it. */
export interface ImageConfig {
  env: Values;
  workdir: string;
  user: { readonly uid: number; readonly gid: number } | undefined;
  entrypoint: readonly string[];
  cmd: readonly string[];
  healthcheck: { readonly command: readonly string[]; readonly options: Values } | undefined;
  labels: Values;
  volumes: readonly string[];
  ports: readonly number[];
  stopSignal: string | undefined;
}

export interface Stage {
  readonly name: string | undefined;
  readonly base: string;
  readonly steps: readonly Step[];
  readonly config: Readonly<ImageConfig>;
}

/** What is known while a stage is read. */
interface Reading {
  readonly steps: Step[];
  readonly config: ImageConfig;
  args: Values;
  readonly given: Values;
  readonly global: Values;
}

/** `given`: the build arguments; `baseEnv`: the environment of every base image. */
export function readDockerfile(text: string, given: Values, baseEnv: Values): readonly Stage[] {
  const stages: Stage[] = [];
  let global: Values = {};
  let reading: Reading | undefined;
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    const keyword = instruction.getKeyword();
    try {
      if (keyword === 'FROM') {
        reading = { steps: [], config: blank(baseEnv), args: {}, given, global };
        stages.push({ ...origin(instruction, global), steps: reading.steps, config: reading.config });
      } else if (reading === undefined) {
        if (keyword !== 'ARG') throw new Error('stands before the first FROM');
        global = { ...global, ...argument(instruction, { given, global: {} }, global) };
      } else {
        const read = READERS[keyword];
        if (read === undefined) throw new Error('is not understood');
        read(instruction, reading);
      }
    } catch (error) {
      throw new Error(
        `Dockerfile:${instruction.getRange().start.line + 1}: ${keyword} ${(error as Error).message}`,
      );
    }
  }
  return stages;
}

const READERS: Readonly<Record<string, (instruction: Instruction, reading: Reading) => void>> = {
  ARG(instruction, reading) {
    reading.args = { ...reading.args, ...argument(instruction, reading, known(reading)) };
  },
  ENV(instruction, reading) {
    reading.config.env = { ...reading.config.env, ...properties(instruction, reading) };
  },
  LABEL(instruction, reading) {
    reading.config.labels = { ...reading.config.labels, ...properties(instruction, reading) };
  },
  WORKDIR(instruction, reading) {
    reading.config.workdir = posix.resolve(reading.config.workdir, one(instruction, reading));
  },
  COPY(instruction, reading) {
    const { from, chown = '0:0' } = flags(instruction, ['from', 'chown']);
    const paths = words(instruction, reading);
    const to = paths.pop() ?? '';
    if (paths.length === 0 || paths.some((path) => /[*?[\]<"]/.test(path)))
      throw new Error('wants plain paths');
    if (paths.length > 1 && !to.endsWith('/'))
      throw new Error('of several wants a folder, which ends with "/"');
    const target = posix.resolve(reading.config.workdir, to) + (to.endsWith('/') ? '/' : '');
    const copy = paths.map((path) => posix.resolve('/', path));
    reading.steps.push({ copy, to: target.replace('//', '/'), from, owner: numbers(chown) });
  },
  RUN(instruction, reading) {
    flags(instruction, []);
    const run = content(instruction);
    if (/<<|^\[/.test(run)) throw new Error('wants one line of shell');
    // Its paths are those of this machine, not those of the stage.
    if (/(?:^|[\s"'=:;|&>(])\/(?!dev\/null)/.test(run)) throw new Error('names an absolute path');
    reading.steps.push({ run, workdir: reading.config.workdir, env: known(reading) });
  },
  USER(instruction, reading) {
    reading.config.user = numbers(one(instruction, reading));
  },
  VOLUME(instruction, reading) {
    reading.config.volumes = [...reading.config.volumes, ...list(content(instruction))];
  },
  EXPOSE(instruction, reading) {
    reading.config.ports = [...reading.config.ports, ...words(instruction, reading).map(Number)];
  },
  STOPSIGNAL(instruction, reading) {
    reading.config.stopSignal = one(instruction, reading);
  },
  HEALTHCHECK(instruction, reading) {
    const options = flags(instruction, ['interval', 'timeout', 'start-period', 'retries']);
    const [, command = ''] = /^CMD\s+(.*)$/s.exec(content(instruction)) ?? [];
    reading.config.healthcheck = { command: list(command), options };
  },
  ENTRYPOINT(instruction, reading) {
    reading.config.entrypoint = list(content(instruction));
    reading.config.cmd = [];
  },
  CMD(instruction, reading) {
    reading.config.cmd = list(content(instruction));
  },
};

function blank(env: Values): ImageConfig {
  return {
    ...{ env, workdir: '/', user: undefined, entrypoint: [], cmd: [], healthcheck: undefined },
    ...{ labels: {}, volumes: [], ports: [], stopSignal: undefined },
  };
}

function origin(instruction: Instruction, global: Values): { base: string; name: string | undefined } {
  flags(instruction, []);
  const [base = '', as, name] = instruction.getArguments().map((argument) => argument.getValue());
  if (as !== undefined && as.toUpperCase() !== 'AS') throw new Error('is not understood');
  return { base: expand(base, global), name };
}

/** An ARG: what was given for it, else its default, else the one of the same name before the first FROM. */
function argument(
  instruction: Instruction,
  { given, global }: Pick<Reading, 'given' | 'global'>,
  variables: Values,
): Values {
  const [property] = propertiesOf(instruction);
  if (property === undefined) throw new Error('has no name');
  const [name, standard] = [property.getName(), property.getValue()];
  const value = given[name] ?? (standard === null ? global[name] : expand(standard, variables));
  return value === undefined ? {} : { [name]: value };
}

function properties(instruction: Instruction, reading: Reading): Values {
  const variables = known(reading);
  return Object.fromEntries(
    propertiesOf(instruction).map((property) => {
      if (property.getAssignmentOperator() !== '=') throw new Error('wants name=value');
      return [property.getName(), expand(property.getValue() ?? '', variables)];
    }),
  );
}

const propertiesOf = (instruction: Instruction): readonly Property[] =>
  (instruction as Instruction & { getProperties(): Property[] }).getProperties();

/** What stands behind the keyword and its flags, in one line. */
function content(instruction: Instruction): string {
  return (instruction.getArgumentsContent() ?? '').trim();
}

function words(instruction: Instruction, reading: Reading): string[] {
  return instruction.getArguments().map((argument) => expand(argument.getValue(), known(reading)));
}

function one(instruction: Instruction, reading: Reading): string {
  const [word, ...more] = words(instruction, reading);
  if (word === undefined || more.length > 0) throw new Error('wants one word');
  return word;
}

function flags(
  instruction: Instruction,
  understood: readonly string[],
): Record<string, string | undefined> & Values {
  const all = (instruction as Instruction & { getFlags(): Flag[] }).getFlags();
  for (const flag of all) {
    if (!understood.includes(flag.getName())) throw new Error(`--${flag.getName()} is not understood`);
  }
  return Object.fromEntries(all.map((flag) => [flag.getName(), flag.getValue() ?? '']));
}

/** The exec form: no shell takes part. */
function list(json: string): readonly string[] {
  try {
    const value = JSON.parse(json) as unknown;
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  } catch {
    // Said below.
  }
  throw new Error('wants the exec form, ["program", "argument"]');
}

function numbers(owner: string): { uid: number; gid: number } {
  const [, uid, gid] = /^(\d+):(\d+)$/.exec(owner) ?? [];
  if (uid === undefined || gid === undefined) throw new Error(`wants uid:gid in numbers, not ${owner}`);
  return { uid: Number(uid), gid: Number(gid) };
}

const known = ({ args, config }: Reading): Values => ({ ...args, ...config.env });

function expand(text: string, variables: Values): string {
  return text.replace(/\$(?:\{(\w+)\}|(\w+)|.?)/g, (whole, braced?: string, bare?: string) => {
    const value = variables[braced ?? bare ?? ''];
    if (value === undefined) throw new Error(`has ${whole}, which is not known`);
    return value;
  });
}
