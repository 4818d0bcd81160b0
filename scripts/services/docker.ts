import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { PortTaken } from './ports.ts';
import type { Started } from './state.ts';

const READY_WITHIN_MS = 60_000;

const execute = promisify(execFile);

/** Is there an engine, not only the program? */
export async function dockerAnswers(): Promise<boolean> {
  return execute('docker', ['info'], { timeout: 10_000 }).then(
    () => true,
    () => false,
  );
}

export interface Container {
  readonly image: string;
  /** On loopback. */
  readonly port: number;
  /** The port that the image's program listens on. */
  readonly inside: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** Instead of the image's own. */
  readonly command?: readonly string[];
}

/**
 * Resolves once `whatIsWrong` finds nothing wrong. Fetches a missing image first, which may take minutes. Rejects,
 * leaving nothing behind, when it does not answer within a minute, and with PortTaken when somebody has the port.
 */
export async function startContainer(
  container: Container,
  address: string,
  whatIsWrong: (address: string) => Promise<string | undefined>,
): Promise<Started> {
  const id = await runContainer(container);
  const stop = (): Promise<void> => removeContainers([id]);
  const deadline = performance.now() + READY_WITHIN_MS;
  for (;;) {
    const wrong = await whatIsWrong(address);
    if (wrong === undefined) break;
    if (performance.now() > deadline) {
      await stop();
      throw new Error(`${container.image} does not answer on ${address}: ${wrong}`);
    }
    await sleep(200);
  }
  return {
    address,
    running: { how: 'docker', processes: [], containers: [id] },
    release: () => undefined,
    stop,
  };
}

async function runContainer({ image, port, inside, environment, command }: Container): Promise<string> {
  const variables = Object.entries(environment ?? {}).flatMap(([name, value]) => [
    '--env',
    `${name}=${value}`,
  ]);
  const publish = ['--publish', `127.0.0.1:${port}:${inside}`];
  try {
    const run = ['run', '--detach', '--rm', ...publish, ...variables, image, ...(command ?? [])];
    const { stdout } = await execute('docker', run);
    return stdout.trim();
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim() ?? String(error);
    const message = `docker run ${image} failed: ${said}`;
    throw /already allocated|already in use/.test(said) ? new PortTaken(message) : new Error(message);
  }
}

export async function containersRun(ids: readonly string[]): Promise<boolean> {
  for (const id of ids) {
    const running = await execute('docker', ['inspect', '--format', '{{.State.Running}}', id]).then(
      ({ stdout }) => stdout.trim() === 'true',
      () => false,
    );
    if (!running) return false;
  }
  return true;
}

/** With their data. One that is gone already is fine. */
export async function removeContainers(ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await execute('docker', ['rm', '--force', '--volumes', id]).catch(async (error: unknown) => {
      if (await containersRun([id])) throw error;
    });
  }
}
