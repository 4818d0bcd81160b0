import { access, constants } from 'node:fs/promises';
import path from 'node:path';

/** The path of a program that is on this machine: in one of these folders, or else on PATH. */
export async function findProgram(
  name: string,
  folders: readonly string[] = [],
): Promise<string | undefined> {
  for (const folder of [...folders, ...(process.env['PATH'] ?? '').split(path.delimiter)]) {
    const file = path.join(folder, name);
    const runs = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (folder !== '' && runs) return file;
  }
  return undefined;
}
