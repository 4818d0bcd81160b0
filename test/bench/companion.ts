import { fork, type ChildProcess } from 'node:child_process';

/**
 * A process of the bench's own, told by `Request` messages, answering with members of `Answer`: what it does costs
 * this process no CPU time.
 */
export class Companion<Request extends object, Answer extends object> {
  readonly #child: ChildProcess;
  readonly #name: string;

  /** `file` is a module beside this one. */
  constructor(file: string) {
    this.#name = file;
    this.#child = fork(new URL(file, import.meta.url), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  tell(request: Request): void {
    this.#child.send(request);
  }

  /** The next answer with this member, from now on. Rejects when the process ends first. */
  hear<Key extends keyof Answer>(key: Key): Promise<Answer[Key]> {
    return new Promise((resolve, reject) => {
      const child = this.#child;
      const message = (answer: Partial<Answer>): void => {
        const value = answer[key];
        if (value === undefined) return;
        forget();
        resolve(value);
      };
      const exit = (): void => {
        forget();
        reject(new Error(`${this.#name} ended`));
      };
      const forget = (): void => void child.off('message', message).off('exit', exit);
      child.on('message', message).on('exit', exit);
    });
  }

  ask<Key extends keyof Answer>(request: Request, key: Key): Promise<Answer[Key]> {
    const answer = this.hear(key);
    this.tell(request);
    return answer;
  }

  stop(): void {
    // Nobody is told of this end.
    this.#child.removeAllListeners('exit');
    this.#child.kill();
  }
}
