/** Java and Maven on this machine: found and asked for their version, or refused with what to do. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

/** Apache Kafka 4 brokers want at least this. */
const OLDEST_JAVA = 17;

const WHAT_TO_DO =
  'Install it (Debian: apt-get install openjdk-17-jdk-headless maven), start Docker, ' +
  'or name a running broker with TMF_HUB_KAFKA_BROKERS=host:port.';

const execute = promisify(execFile);

/** The path of a JDK's program: from JAVA_HOME when that is set, else by its name alone. */
export function javaProgram(name: 'java' | 'javac'): string {
  const home = process.env['JAVA_HOME'];
  return home ? path.join(home, 'bin', name) : name;
}

/** Rejects with one sentence when there is no Java, or one too old. */
export async function requireJava(): Promise<void> {
  // `java -version` speaks on stderr.
  const { stderr } = await runProgram(javaProgram('java'), ['-version'], 'Java');
  const version = /version "(\d+)/.exec(stderr)?.[1];
  if (Number(version) < OLDEST_JAVA) {
    throw new Error(`Java ${version ?? 'of an unknown version'} is too old for Kafka 4. ${WHAT_TO_DO}`);
  }
}

/** Rejects with one sentence when there is no Maven. `directory` is where it runs. */
export async function runMaven(args: readonly string[], directory: string): Promise<void> {
  await runProgram('mvn', args, 'Maven', directory);
}

/**
 * Runs a program to its end. Rejects with what it wrote when it fails, and with what to do when it is not there;
 * `name` is what people call it.
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  name: string,
  directory?: string,
): Promise<{ stdout: string; stderr: string }> {
  try {
    return await execute(program, args, { cwd: directory, maxBuffer: 64 * 1024 * 1024 });
  } catch (error) {
    const failure = error as NodeJS.ErrnoException & { stdout?: string; stderr?: string };
    if (failure.code === 'ENOENT') {
      throw new Error(`Kafka needs ${name}, and "${program}" is not here. ${WHAT_TO_DO}`, { cause: error });
    }
    const said = `${failure.stdout ?? ''}${failure.stderr ?? ''}`.trim().slice(-4000);
    throw new Error(`${name} failed: ${said || failure.message}`, { cause: error });
  }
}
