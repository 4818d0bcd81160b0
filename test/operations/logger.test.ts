import { spawnSync } from 'node:child_process';
import path from 'node:path';

const LOGGER = path.join(import.meta.dirname, '../../src/logger.ts');

/** What a process writes that logs this expression as `err`. */
function logged(expression: string): Record<string, unknown> {
  const code = `import { createLogger } from ${JSON.stringify(LOGGER)};
    class Refused extends Error { name = 'Refused'; }
    createLogger('info').error({ err: ${expression} }, 'it.failed');`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' });
  return (JSON.parse(stdout) as { err: Record<string, unknown> }).err;
}

test.each([
  ['with a name of its own', "new Refused('no Kafka broker answers')", 'Refused', 'no Kafka broker answers'],
  [
    'with its cause',
    "new Refused('not stored', { cause: new Error('it is away') })",
    'Refused',
    'not stored: it is away',
  ],
  ['of the system', "Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })", 'Error', 'connect'],
])('an error that was foreseen, %s, is a sentence and no stack', (_, expression, type, message) => {
  expect(logged(expression)).toEqual({ type, message });
});

test.each(["new TypeError('x is not a function')", "new Error('never')"])(
  '%s keeps its stack',
  (expression) => {
    expect(logged(expression)).toMatchObject({ stack: expect.stringContaining('at ') as unknown });
  },
);
