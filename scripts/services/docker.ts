import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { PortTaken } from './ports.ts';

const execute = promisify(execFile);

/** Is there an engine, not only the program? */
export async function dockerAnswers(): Promise<boolean> {
  return execute('docker', ['info'], { timeout: 10_000 }).then(
    () => true,
    () => false,
  );
}

/** Resolves with the container's id. Fetches a missing image first, which may take minutes. Rejects with PortTaken when `port` is. */
export async function runContainer(
  image: string,
  port: number,
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const variables = Object.entries(environment).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
  const publish = ['--publish', `127.0.0.1:${port}:${port}`];
  try {
    const { stdout } = await execute('docker', ['run', '--detach', '--rm', ...publish, ...variables, image]);
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
