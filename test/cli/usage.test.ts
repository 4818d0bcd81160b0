import { commandPaths } from '../../src/cli/help.ts';
import { commandsOf } from '../../src/cli/program.ts';
import { FakeGateway } from './fake-gateway.ts';
import { runCommand } from './run-command.ts';

const notHere = () => Promise.reject(new Error('not here'));
const paths = commandPaths(commandsOf({ entry: '', boot: notHere, findAdmin: notHere }));

test('every command of the outside contract is there', () => {
  expect(paths).toEqual(
    expect.arrayContaining([
      'serve',
      'health',
      'listen',
      'publish',
      'subscriptions list',
      'subscriptions show',
      'subscriptions add',
      'subscriptions remove',
      'subscriptions pause',
      'subscriptions resume',
      'subscriptions replay',
      'subscriptions explain',
      'dead-letters list',
      'dead-letters show',
      'dead-letters replay',
      'dead-letters discard',
      'demo',
    ]),
  );
});

describe('--help', () => {
  test.each([['--help'], ['-h'], ['help'], []])('of the program (%s) lists all commands', async (...argv) => {
    const { code, out, err } = await runCommand(argv);
    expect(code).toBe(0);
    expect(err).toBe('');
    for (const name of new Set(paths.map((path) => path.split(' ')[0] ?? ''))) expect(out).toContain(name);
  });

  test.each(paths)('of %s says what it does and shows an example that names it', async (path) => {
    const { code, out } = await runCommand([...path.split(' '), '--help']);
    expect(code).toBe(0);
    expect(out).toContain(`Usage: tmf-hub-gateway ${path}`);
    expect(out.split('Examples')[1]).toContain(`tmf-hub-gateway ${path}`);
  });

  test.each(paths)('as a word: help %s', async (path) => {
    const asWord = await runCommand(['help', ...path.split(' ')]);
    const asOption = await runCommand([...path.split(' '), '-h']);
    expect(asWord).toEqual(asOption);
  });

  test('names options, defaults and environment variables', async () => {
    const { out } = await runCommand(['publish', '--help']);
    expect(out).toMatch(/--gateway <url> .*default http:\/\/localhost:8080, environment TMF_HUB_GATEWAY/);
    const admin = await runCommand(['dead-letters', 'list', '--help']);
    expect(admin.out).toMatch(/--token <token> .*TMF_HUB_ADMIN_TOKEN/);
  });
});

test('--version prints the version alone', async () => {
  expect(await runCommand(['--version'])).toMatchObject({ code: 0, out: '1.2.3', err: '' });
});

describe('wrong usage is one sentence and exit code 2', () => {
  test.each([
    ['an unknown command', ['publsh'], "There is no command 'publsh'; did you mean publish?"],
    ['a command without any likeness', ['xyzzy'], "There is no command 'xyzzy'."],
    ['an unknown option of the program', ['--vrsion'], 'Unknown option --vrsion.'],
    ['an unknown subcommand', ['subscriptions', 'lst'], "has no command 'lst'; did you mean list?"],
    ['no subcommand', ['dead-letters'], 'needs one of: list, show, replay, discard'],
    ['an unknown option', ['listen', '--prot', '1'], 'Unknown option --prot; did you mean --port?'],
    ['an unknown short option', ['listen', '-z'], 'Unknown option -z.'],
    ['an option without its value', ['listen', '--port'], '--port needs a value: --port <n>'],
    ['an option instead of the value', ['listen', '--host', '--port', '1'], '--host needs a value'],
    ['a value for a switch', ['listen', '--json=yes'], '--json takes no value.'],
    [
      'no whole number',
      ['listen', '--port', '8o80'],
      "--port must be a whole number from 0 to 65535, not '8o80'.",
    ],
    [
      'a number out of range',
      ['listen', '--status', '99'],
      '--status must be a whole number from 200 to 599',
    ],
    [
      'no duration',
      ['listen', '--delay', 'soon'],
      "--delay must be a duration like 500ms, 2s, 5m, 1h or 1d, not 'soon'.",
    ],
    ['a path without a slash', ['listen', '--path', 'events'], '--path starts with a slash: /events'],
    ['an orphaned option', ['listen', '--cleanup'], '--query, --profile and --cleanup go with --register.'],
    ['a missing argument', ['subscriptions', 'show'], 'Missing <id>.'],
    ['an argument too many', ['subscriptions', 'pause', 'a', 'b'], "'b' is one argument too many."],
    ['nothing to publish', ['publish'], 'Say what to publish'],
    ['two things to publish', ['publish', 'a.json', '--type', 'X'], 'Say what to publish'],
    ['two places to publish at', ['publish', 'a.json', '--api', 'TMF622', '--base', '/x'], 'not both'],
    ['no http address', ['publish', 'a.json', '--gateway', 'localhost:8080'], 'is no http address'],
    ['nothing to replay from', ['subscriptions', 'replay', 'a'], 'Say where to start'],
    [
      'two starts of a replay',
      ['subscriptions', 'replay', 'a', '--from', '1h', '--from-event', 'e'],
      'Say where',
    ],
    ['no time', ['subscriptions', 'replay', 'a', '--from', 'yesterday'], '--from must be a time like'],
    ['no offset', ['subscriptions', 'replay', 'a', '--from-offset', 'topic=1'], "'topic=1' is no offset"],
    ['nothing to replay', ['dead-letters', 'replay'], 'Name the dead letters by id, or say --all.'],
    ['ids and all', ['dead-letters', 'replay', 'a', '--all'], 'Name the dead letters by id, or say --all.'],
    ['ids and a filter', ['dead-letters', 'replay', 'a', '--reason', 'rejected'], 'Filters go with --all'],
    [
      'a body for many',
      ['dead-letters', 'replay', 'a', 'b', '--body', 'x'],
      '--body goes with exactly one id.',
    ],
    [
      'an unknown group',
      ['dead-letters', 'list', '--group-by', 'colour'],
      'one of reason, subscription, event-type',
    ],
  ])('%s', async (_what, argv, sentence) => {
    const { code, out, err } = await runCommand(argv);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(sentence);
    expect(err.split('\n')).toHaveLength(1);
    expect(err).toMatch(/Try tmf-hub-gateway.*--help$/);
  });

  test('with --json the sentence is JSON', async () => {
    const { code, err } = await runCommand(['subscriptions', 'show', '--json']);
    expect(code).toBe(2);
    expect(JSON.parse(err)).toEqual({ error: { message: 'Missing <id>.', exitCode: 2 } });
  });
});

test.each([
  ['publish', '-t', 'ProductOrderCreateEvent'],
  ['subscriptions', 'list'],
  ['subscriptions', 'add', 'http://127.0.0.1:9/x'],
  ['dead-letters', 'list'],
  ['listen', '--register', '/'],
])('no gateway at the address is exit code 3: %s %s', async (...argv) => {
  const left = await FakeGateway.start();
  const nobody = left.url;
  await left.stop();
  const { code, err } = await runCommand(argv, { env: { TMF_HUB_GATEWAY: nobody, TMF_HUB_ADMIN: nobody } });
  expect(code).toBe(3);
  expect(err).toContain(`No gateway answers at ${nobody} (ECONNREFUSED).`);
  expect(err).toContain('tmf-hub-gateway serve');
});
