import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, type Config } from '../../src/config/load.ts';
import { cert } from '../callbacks/certificate.ts';

interface Written {
  /** A file with a certificate. */
  readonly ca: () => string;
  /** The configuration that the text is; throws when there is a mistake in it. */
  readonly config: (yaml: string, env?: Record<string, string>) => Config;
  /** Its mistakes, with `file` for the name of the file. */
  readonly problems: (yaml: string, env?: Record<string, string>) => string[];
}

/** Configurations written into a folder that is there as long as the tests of the file run. */
export function writtenConfigs(): Written {
  let folder = '';
  let count = 0;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'config-'));
    writeFileSync(join(folder, 'ca.pem'), cert);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function load(yaml: string, env: Record<string, string>) {
    const file = join(folder, `${(count += 1)}.yaml`);
    writeFileSync(file, yaml);
    const loaded = loadConfig({ file, env });
    if (loaded.ok) return loaded;
    return { ...loaded, problems: loaded.problems.map((problem) => problem.replaceAll(file, 'file')) };
  }

  return {
    ca: () => join(folder, 'ca.pem'),
    config(yaml, env = {}) {
      const loaded = load(yaml, env);
      if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
      return loaded.config;
    },
    problems(yaml, env = {}) {
      const loaded = load(yaml, env);
      return loaded.ok ? [] : loaded.problems;
    },
  };
}
