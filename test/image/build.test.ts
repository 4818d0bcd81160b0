import { lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildImage, type Image } from './build.ts';
import { readContext } from './context.ts';
import { readDockerfile } from './dockerfile.ts';

let folder: string;
let image: Image | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'build-'));
  mkdirSync(join(folder, 'sub/deep'), { recursive: true });
  for (const file of ['one', 'sub/two', 'sub/deep/three', 'secret']) writeFileSync(join(folder, file), file);
  writeFileSync(join(folder, '.dockerignore'), 'secret\n');
});
afterEach(async () => {
  await image?.remove();
  image = undefined;
  rmSync(folder, { recursive: true });
});

async function build(...lines: string[]): Promise<Image> {
  const stages = readDockerfile(['FROM x AS first', ...lines].join('\n'), {}, {});
  image = await buildImage(stages, readContext(folder));
  return image;
}

/** All files of the image with their content. */
function content({ root }: Image): Record<string, string> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name));
  return Object.fromEntries(
    paths.map((path) => [path.slice(root.length), readFileSync(path, 'utf8').trim()]),
  );
}

test('COPY of a file: into a folder, or by another name', async () => {
  expect(content(await build('WORKDIR /w', 'COPY one ./', 'COPY one /v/other'))).toEqual({
    '/w/one': 'one',
    '/v/other': 'one',
  });
});

test('COPY of a folder copies what is in it', async () => {
  expect(content(await build('COPY sub/ /w/'))).toEqual({
    '/w/two': 'sub/two',
    '/w/deep/three': 'sub/deep/three',
  });
});

test('COPY --from takes from another stage, with the modes that files have there', async () => {
  const { root, ...rest } = await build(
    'WORKDIR /w',
    'COPY sub/ sub/',
    'RUN chmod 500 sub/deep && chmod 444 sub/two',
    'FROM y',
    'COPY --from=first /w/sub/ /v/',
    'COPY --from=first /w/sub/two /u',
  );
  expect(content({ root, ...rest })).toEqual({
    '/v/two': 'sub/two',
    '/v/deep/three': 'sub/deep/three',
    '/u': 'sub/two',
  });
  const modes = ['v/deep', 'v/two', 'u'].map((path) => lstatSync(join(root, path)).mode & 0o777);
  expect(modes).toEqual([0o500, 0o444, 0o444]);
});

test('COPY gives files to root, or to whom it names, where it may', async () => {
  const { root } = await build('COPY one /one', 'FROM y', 'COPY --from=first --chown=12:34 /one /w/one');
  const { uid, gid } = lstatSync(join(root, 'w/one'));
  const [ownUid, ownGid] = [process.getuid?.(), process.getgid?.()];
  expect([uid, gid]).toEqual(ownUid === 0 ? [12, 34] : [ownUid, ownGid]);
});

test('RUN has the variables of its stage, and the Node that runs this', async () => {
  const print = `RUN echo "$A $B" > out && node -e "console.log(process.execPath)" >> out`;
  const { '/w/out': out } = content(await build('WORKDIR /w', 'ARG A=a', 'ENV B=b', print));
  expect(out?.split('\n')).toEqual(['a b', process.execPath]);
});

test('RUN does not have what is set where the test runs', async () => {
  process.env['TMF_HUB_OF_THE_TEST'] = 'set';
  try {
    expect(content(await build('RUN echo "<$TMF_HUB_OF_THE_TEST>" > out'))).toEqual({ '/out': '<>' });
  } finally {
    delete process.env['TMF_HUB_OF_THE_TEST'];
  }
});

test.each([
  ['a file that .dockerignore keeps out', ['COPY secret /'], 'COPY secret: the context has no such file'],
  ['a file that is not there', ['COPY none /'], 'COPY none: the context has no such file'],
  ['a stage that is not there', ['COPY --from=none /a /b'], 'COPY --from=none: there is no such stage'],
  ['a step that fails', ['RUN echo why && false'], 'RUN echo why && false failed:\nwhy'],
])('%s is an error', async (_what, lines, message) => {
  await expect(build(...lines)).rejects.toThrow(message);
});
