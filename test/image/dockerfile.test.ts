import { readDockerfile } from './dockerfile.ts';

const last = (text: string, given = {}) => readDockerfile(text, given, { PATH: '/bin' }).at(-1)!;

describe('variables', () => {
  test('of a FROM are the arguments before the first one', () => {
    const text = 'ARG A=one\nARG B=${A}:2\nFROM $B';
    expect(last(text).base).toBe('one:2');
    expect(last(text, { A: 'other' }).base).toBe('other:2');
  });

  test('of a stage are its own arguments and its environment', () => {
    const text = 'ARG A=1\nFROM x\nARG A\nARG B=2\nENV C=${A}${B} PATH=${PATH}:/c\nENV D=$C';
    expect(last(text).config.env).toEqual({ C: '12', D: '12', PATH: '/bin:/c' });
    expect(last(text, { B: '3' }).config.env).toMatchObject({ D: '13' });
    expect(() => last('ARG A=1\nFROM x\nENV B=$A')).toThrow('Dockerfile:3: ENV has $A, which is not known');
  });

  test('of an argument that nobody gave are not there', () => {
    const text = 'FROM x\nARG A\nRUN step';
    expect(last(text).steps).toEqual([{ run: 'step', workdir: '/', env: { PATH: '/bin' } }]);
    expect(last(text, { A: 'a' }).steps).toMatchObject([{ env: { A: 'a' } }]);
  });
});

test('steps have absolute paths, as of the folder at that place', () => {
  const text =
    'FROM x AS one\nFROM y\nWORKDIR /w\nCOPY a b/ ./\nWORKDIR v\nCOPY --from=one --chown=1:2 /c/ d\nRUN step';
  expect(last(text).steps).toEqual([
    { copy: ['/a', '/b'], to: '/w/', from: undefined, owner: { uid: 0, gid: 0 } },
    { copy: ['/c'], to: '/w/v/d', from: 'one', owner: { uid: 1, gid: 2 } },
    { run: 'step', workdir: '/w/v', env: { PATH: '/bin' } },
  ]);
});

test('what an image says about its containers', () => {
  const { config } = last(`FROM x
USER 1:2
VOLUME ["/v"]
EXPOSE 1 2
STOPSIGNAL SIGINT
HEALTHCHECK --interval=1s \\
  CMD ["h", "i"]
ENTRYPOINT ["e"]
CMD ["c", "d e"]
LABEL a="b c" \\
  d=e`);
  expect(config).toEqual({
    env: { PATH: '/bin' },
    workdir: '/',
    user: { uid: 1, gid: 2 },
    volumes: ['/v'],
    ports: [1, 2],
    stopSignal: 'SIGINT',
    healthcheck: { command: ['h', 'i'], options: { interval: '1s' } },
    entrypoint: ['e'],
    cmd: ['c', 'd e'],
    labels: { a: 'b c', d: 'e' },
  });
});

test.each([
  ['ADD a /b', 'ADD is not understood'],
  ['SHELL ["bash"]', 'SHELL is not understood'],
  ['ONBUILD RUN a', 'ONBUILD is not understood'],
  ['MAINTAINER a', 'MAINTAINER is not understood'],
  ['CMD serve', 'CMD wants the exec form'],
  ['ENTRYPOINT node main.js', 'ENTRYPOINT wants the exec form'],
  ['HEALTHCHECK CMD curl localhost', 'HEALTHCHECK wants the exec form'],
  ['HEALTHCHECK NONE', 'HEALTHCHECK wants the exec form'],
  ['HEALTHCHECK --start-interval=1s CMD ["a"]', 'HEALTHCHECK --start-interval is not understood'],
  ['VOLUME /v', 'VOLUME wants the exec form'],
  ['USER node', 'USER wants uid:gid in numbers'],
  ['USER 1000', 'USER wants uid:gid in numbers'],
  ['COPY --chmod=755 a b', 'COPY --chmod is not understood'],
  ['COPY --chown=node:node a b', 'COPY wants uid:gid in numbers'],
  ['COPY *.json ./', 'COPY wants plain paths'],
  ['COPY ["a", "b"]', 'COPY wants plain paths'],
  ['COPY a b c', 'COPY of several wants a folder'],
  ['RUN --mount=type=cache,target=/a b', 'RUN --mount is not understood'],
  ['RUN ["a"]', 'RUN wants one line of shell'],
  ['RUN rm -rf /app', 'RUN names an absolute path'],
  ['RUN a>/app', 'RUN names an absolute path'],
  ['ENV a b', 'ENV wants name=value'],
  ['ENV a=${b:-c}', 'ENV has $'],
])('%s is refused', (line, reason) => {
  expect(() => last(`FROM x\n${line}`)).toThrow(`Dockerfile:2: ${reason}`);
});

test.each([
  ['FROM --platform=linux/amd64 x', 'Dockerfile:1: FROM --platform is not understood'],
  ['RUN a', 'Dockerfile:1: RUN stands before the first FROM'],
])('%s is refused', (text, reason) => {
  expect(() => last(text)).toThrow(reason);
});
