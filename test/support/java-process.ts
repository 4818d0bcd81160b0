import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { filledOnce } from '../../scripts/services/cache.ts';
import { javaProgram, runProgram } from '../../scripts/services/java.ts';
import { kafkaHome, type KafkaHome } from '../../scripts/services/kafka-home.ts';

const SOURCE = fileURLToPath(new URL('./java/KafkaTools.java', import.meta.url));

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** A word of the pipe's language; see KafkaTools.java. */
export type Word = string | Buffer | null;

/** The JVM that runs KafkaTools.java, one request after the other. It ends with us: its standard input does. */
export class JavaProcess {
  readonly #child: Child;
  readonly #answers: AsyncIterator<string>;
  readonly #lines: Interface;
  #last: Promise<unknown> = Promise.resolve();
  #said = '';

  private constructor(child: Child) {
    this.#child = child;
    this.#lines = createInterface(child.stdout);
    this.#answers = this.#lines[Symbol.asyncIterator]();
    child.stderr.on('data', (chunk: Buffer) => (this.#said = (this.#said + chunk.toString()).slice(-4000)));
    child.stdin.on('error', () => undefined);
  }

  /** Compiles the program first when nobody has yet. Rejects with the reason when Java is missing. */
  static async start(): Promise<JavaProcess> {
    const home = await kafkaHome(() => undefined);
    const classPath = [await compiled(home), ...home.classPath.split(path.delimiter)].join(path.delimiter);
    const flags = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData'];
    const quiet = '-Dorg.apache.logging.log4j.level=ERROR';
    const child = spawn(javaProgram('java'), [...flags, quiet, '-cp', classPath, 'KafkaTools'], {
      cwd: home.libs,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    await once(child, 'spawn');
    return new JavaProcess(child);
  }

  /** Resolves with the words of the answer; rejects with the program's error. */
  async request(command: string, ...words: Word[]): Promise<string[]> {
    const answer = this.#last.then(() => this.#exchange(command, words));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  /** Ends it at once; an open transaction stays open, as after a crash. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
    this.#lines.close();
  }

  async #exchange(command: string, words: readonly Word[]): Promise<string[]> {
    this.#child.stdin.write(`${[command, ...words.map(encode)].join(' ')}\n`);
    const answer = await this.#answers.next();
    if (answer.done) throw new Error(`the Java process ended: ${this.#said}`);
    const [result, ...answered] = answer.value.split(' ');
    const texts = answered.map((word) => Buffer.from(word.slice(1), 'base64').toString());
    if (result !== 'ok') throw new Error(texts.join(' '));
    return texts;
  }
}

function encode(word: Word): string {
  return word === null ? '-' : `+${Buffer.from(word).toString('base64')}`;
}

async function compiled(home: KafkaHome): Promise<string> {
  const source = await readFile(SOURCE);
  const revision = createHash('sha256').update(source).update(home.directory).digest('hex').slice(0, 8);
  return filledOnce(`kafka-tools-${revision}`, async (directory) => {
    await runProgram(
      javaProgram('javac'),
      ['-cp', home.classPath, '-d', directory, SOURCE],
      'a JDK',
      home.libs,
    );
  });
}
