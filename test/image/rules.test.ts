import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.ts';
import { OF_A_BASE, context, read, stages } from './repository.ts';
import { readDockerfile } from './dockerfile.ts';

const { config, steps } = stages.at(-1)!;
const manifest = JSON.parse(read('package.json')) as Record<'version' | 'description' | 'license', string>;

test('base images are of one major version of Node, the one that the gateway needs; a site can name its own', () => {
  expect(new Set(stages.map(({ base }) => base))).toEqual(new Set(['node:24-bookworm-slim']));
  const mirrored = readDockerfile(read('Dockerfile'), { NODE_IMAGE: 'a', RUNTIME_IMAGE: 'b' }, OF_A_BASE);
  expect(mirrored.map(({ base }) => base)).toEqual(['a', 'a', 'b']);
});

test('packages are those of the lock file, and no install script of theirs runs', () => {
  const installs = stages
    .flatMap(({ steps }) => steps)
    .filter((step) => 'run' in step && /npm (?!run)/.test(step.run));
  expect(installs).toHaveLength(2);
  const others = installs.filter((step) => !('run' in step && /^npm ci .*--ignore-scripts/.test(step.run)));
  expect(others).toEqual([]);
});

test('the last stage needs no shell: it only copies from other stages', () => {
  expect(steps.length).toBeGreaterThan(0);
  expect(steps.filter((step) => !('copy' in step) || step.from === undefined)).toEqual([]);
  expect([config.entrypoint[0], config.healthcheck?.command[0]]).toEqual(['node', 'node']);
});

test('it runs as somebody who is not root, in a volume of theirs', () => {
  expect(config.user).toEqual({ uid: 1000, gid: 1000 });
  expect(config.volumes).toEqual([config.workdir]);
  const [volume, ...others] = steps.filter((step) => 'copy' in step && step.to === `${config.workdir}/`);
  expect([volume, others]).toMatchObject([{ owner: { uid: 1000, gid: 1000 } }, []]);
  const rest = steps.filter((step) => step !== volume);
  for (const step of rest) expect(step).toMatchObject({ owner: { uid: 0, gid: 0 } });
});

test('Node itself gets the signals: it is what the container starts, and what is asked for its health', () => {
  expect(config.stopSignal).toBe('SIGTERM');
  expect(config.cmd).toEqual(['serve']);
  const program = config.entrypoint.at(-1);
  expect(config.healthcheck?.command).toEqual(['node', program, 'health']);
  expect(config.healthcheck?.options).toMatchObject({ retries: '3' });
});

test('an engine waits for the health command for longer than that waits for the gateway', () => {
  expect(parseInt(config.healthcheck?.options['timeout'] ?? '', 10)).toBeGreaterThan(3);
});

test('labels say what package.json says', () => {
  expect(config.labels).toEqual({
    'org.opencontainers.image.title': 'tmf-hub-gateway',
    'org.opencontainers.image.description': manifest.description,
    'org.opencontainers.image.licenses': manifest.license,
    'org.opencontainers.image.version': manifest.version,
    'org.opencontainers.image.revision': '',
    'org.opencontainers.image.created': '',
    'org.opencontainers.image.source': '',
  });
  const given = { VERSION: '1', REVISION: '2', CREATED: '3', SOURCE: '4' };
  const { labels } = readDockerfile(read('Dockerfile'), given, OF_A_BASE).at(-1)!.config;
  expect(Object.values(labels).slice(-4)).toEqual(['1', '2', '3', '4']);
});

test('the configuration is the default but for the admin port, which others may ask; its ports are told', () => {
  const file = config.env['TMF_HUB_CONFIG'] ?? '';
  expect(file).toMatch(/^\/app\/config\//);
  const loaded = loadConfig({ file: join(import.meta.dirname, '../..', file.replace('/app/', '')), env: {} });
  const standard = loadConfig({ env: {} });
  if (!loaded.ok || !standard.ok) throw new Error(JSON.stringify(loaded));
  expect(loaded.config).toEqual({ ...standard.config, admin: { ...standard.config.admin, host: '0.0.0.0' } });
  expect(config.ports).toEqual([loaded.config.server.port, loaded.config.admin.port]);
});

test('settings are in the configuration alone: a variable would win over the file of a user', () => {
  const settings = Object.keys(config.env).filter((name) => name.startsWith('TMF_HUB_'));
  expect(settings).toEqual(['TMF_HUB_CONFIG']);
  expect(config.env['NODE_ENV']).toBe('production');
});

describe('the build context', () => {
  const TOPS = ['LICENSE', 'config', 'openapi', 'package-lock.json', 'package.json', 'schemas', 'src'];

  test('has what the Dockerfile copies and nothing beside it', () => {
    const tops = new Set(context.files.map((file) => file.split('/')[0]));
    expect([...tops].toSorted()).toEqual([...TOPS, 'tsconfig.build.json', 'tsconfig.json']);
    const copied = stages.flatMap(({ steps }) =>
      steps.flatMap((step) => ('copy' in step && step.from === undefined ? step.copy : [])),
    );
    expect(new Set(copied.map((path) => path.slice(1)))).toEqual(tops);
  });

  test.each([
    ...[
      'node_modules/a/index.js',
      'data/events.db',
      '.git/config',
      'test/a.ts',
      'dist/main.js',
      '.npmrc',
      '.env',
    ],
    ...[
      'config/.env',
      'config/mine/key.pem',
      'src/a.key',
      'config/client.p12',
      'src/.git/config',
      'schemas/x.db',
    ],
    ...['coverage/a', 'npm-debug.log', 'x.tgz', 'helm/values.yaml'],
  ])('never has %s', (path) => {
    expect(context.has(path)).toBe(false);
  });

  test.each(['src/main.ts', 'config/image.yaml', 'package-lock.json', 'schemas/a.json.gz'])(
    'has %s',
    (path) => {
      expect(context.has(path)).toBe(true);
    },
  );
});
