import { rm } from 'node:fs/promises';
import path from 'node:path';
import { containersRun, dockerAnswers, removeContainers } from './docker.ts';
import { endProcess, isRunning } from './process-identity.ts';
import { forget, recall, remember, stateDirectory, type Running, type Started } from './state.ts';

/** A broker or store that the gateway can use, and the ways to get one. */
export interface Service {
  readonly name: string;
  /** The environment variable that names one that runs already, `variable=value` being all that a user must tell. */
  readonly variable: string;
  /** Is it one for three nodes too? */
  readonly clusters: boolean;
  /** Resolves with undefined or with what is wrong with the one at this address, within seconds. */
  whatIsWrong(address: string): Promise<string | undefined>;
  /** Undefined where Docker is no way for this number of nodes. */
  startDocker(settings: StartSettings): Promise<Started | undefined>;
  startNative(settings: StartSettings): Promise<Started>;
}

export interface StartSettings {
  readonly nodes: 1 | 3;
  /** Where it may make one folder of its own. */
  readonly directory: string;
  readonly tell: (line: string) => void;
}

/** Resolves with the variables to set. What the environment names is used as it is; else what runs already; else a new one. */
export async function up(
  service: Service,
  nodes: 1 | 3,
  tell: (line: string) => void,
): Promise<Record<string, string>> {
  const named = process.env[service.variable];
  if (named) {
    const wrong = await service.whatIsWrong(named);
    if (wrong !== undefined)
      throw new Error(`${service.variable}=${withoutPassword(named)} does not answer: ${wrong}`);
    tell(`${service.name}: ${service.variable} names one that answers; nothing was started`);
    return { [service.variable]: named };
  }
  const known = await recall(service.name);
  if (known !== undefined && (await isUp(service, known))) return environmentOf(service, known, nodes, tell);
  if (known !== undefined) {
    // It died, or the machine was started anew.
    tell(`${service.name}: the one that was started before does not answer`);
    await end(service.name, known);
  }
  return start(service, nodes, tell);
}

/** An address as people may read it. */
export function withoutPassword(address: string): string {
  return address.replace(/(?<=\/\/[^/@]*:)[^/@]*(?=@)/, '***');
}

/** False when nothing of it was ours to end. Resolves once it has ended and its data are gone. */
export async function down(name: string): Promise<boolean> {
  const known = await recall(name);
  if (known === undefined) return false;
  await end(name, known);
  return true;
}

/** One line for a person. */
export async function status(service: Service): Promise<string> {
  const known = await recall(service.name);
  if (known === undefined) return `${service.name}: not started from here`;
  const address = known.environment[service.variable] ?? '';
  const wrong = await service.whatIsWrong(address);
  const processes = known.processes.map(({ pid }) => ` pid ${pid}`).join(',');
  return `${service.name}: ${known.how},${processes}${known.containers.join(' ')} ${address} ${wrong ?? 'answers'}`;
}

async function start(
  service: Service,
  nodes: 1 | 3,
  tell: (line: string) => void,
): Promise<Record<string, string>> {
  const settings: StartSettings = { nodes, directory: await stateDirectory(), tell };
  const docker = (await dockerAnswers()) ? await service.startDocker(settings) : undefined;
  const started = docker ?? (await service.startNative(settings));
  const environment = { [service.variable]: started.address };
  if (await remember(service.name, { ...started.running, environment, nodes })) {
    started.release();
    tell(`${service.name}: started (${started.running.how}), ${started.address}`);
    return environment;
  }
  // Two `up` at once: the first one's is everybody's.
  await started.stop();
  return up(service, nodes, tell);
}

function environmentOf(
  service: Service,
  known: Running,
  nodes: number,
  tell: (line: string) => void,
): Record<string, string> {
  if (known.nodes !== nodes) {
    throw new Error(`${service.name} runs with ${known.nodes} node(s), not ${nodes}: take it down first`);
  }
  tell(`${service.name}: runs already`);
  return known.environment;
}

async function isUp(service: Service, known: Running): Promise<boolean> {
  const alive = known.processes.every(isRunning) && (await containersRun(known.containers));
  return alive && (await service.whatIsWrong(known.environment[service.variable] ?? '')) === undefined;
}

/** At once: the data go too. */
async function end(name: string, known: Running): Promise<void> {
  await Promise.all(known.processes.map((identity) => endProcess(identity)));
  await removeContainers(known.containers);
  if (known.folder !== undefined) {
    await rm(path.join(await stateDirectory(), known.folder), { recursive: true, force: true });
  }
  await forget(name);
}
