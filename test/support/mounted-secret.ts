import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files that are all replaced at one moment, as Kubernetes does with those of a Secret that a pod has mounted. */
export class MountedSecret {
  readonly #folder: string;
  #version = 0;

  /** `folder` is made. */
  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  path(name: string): string {
    return join(this.#folder, 'now', name);
  }

  /** From now on it has these files: the paths of those that are copied, by their new names. */
  replace(files: Readonly<Record<string, string>>): void {
    const version = `version-${++this.#version}`;
    mkdirSync(join(this.#folder, version));
    for (const [name, from] of Object.entries(files))
      writeFileSync(join(this.#folder, version, name), readFileSync(from));
    symlinkSync(version, join(this.#folder, 'next'));
    renameSync(join(this.#folder, 'next'), join(this.#folder, 'now'));
  }
}
