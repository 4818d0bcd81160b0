import { openEventChecks } from '../../src/schemas/event-checks.ts';
import { silentLogger } from '../../src/logger.ts';
import { writtenConfigs } from './written-configs.ts';

const { config, problems } = writtenConfigs();

test('nothing is checked unless somebody says so', () => {
  expect(config('').validation).toEqual({ mode: 'off', apis: [] });
  expect(openEventChecks(config(''), silentLogger)).toBeUndefined();
});

test('for all, for APIs and for sources; in the file and in the environment', () => {
  const yaml = `
validation:
  mode: warn
  apis: [{ api: TMF622, mode: quarantine }, { api: TMF620, mode: off }]
sources:
  - { name: a, broker: embedded, validation: off }
  - { name: b, broker: rabbitmq, rabbitmq: { url: amqp://r } }
`;
  const read = config(yaml);
  expect(read.validation).toEqual({
    mode: 'warn',
    apis: [
      { api: 'TMF622', mode: 'quarantine' },
      { api: 'TMF620', mode: 'off' },
    ],
  });
  expect(read.sources.map(({ name, validation }) => [name, validation])).toEqual([
    ['a', 'off'],
    ['b', undefined],
  ]);
  const checks = openEventChecks(read, silentLogger);
  const mode = (source: string, api: string) =>
    checks?.(source)([api], 'CatalogCreateEvent', { event: 1 })?.mode;
  expect([mode('b', 'TMF620'), mode('a', 'TMF620')]).toEqual([undefined, undefined]);
  const other = { TMF_HUB_VALIDATION_APIS: '[{"api":"TMF620","mode":"quarantine"}]' };
  const changed = openEventChecks(config(yaml, other), silentLogger);
  expect(changed?.('b')(['TMF620'], 'CatalogCreateEvent', { event: 1 })?.mode).toBe('quarantine');
  expect(config('', { TMF_HUB_VALIDATION_MODE: 'quarantine' }).validation.mode).toBe('quarantine');
});

test('mistakes', () => {
  const modes = 'one of off, warn, quarantine';
  const yaml = `
validation:
  mode: on
  apis: [{ api: orders, mode: warn }, { api: TMF620 }]
sources: [{ name: a, broker: embedded, validation: strict }]
`;
  expect(problems(yaml)).toEqual([
    `validation.mode: expected ${modes}; given "on" in file:3`,
    'validation.apis[0].api: expected an API id such as TMF622; given "orders" in file:4',
    `validation.apis[1].mode: expected ${modes}; given nothing in file:4`,
    `sources[0].validation: expected ${modes}; given "strict" in file:5`,
  ]);
  expect(problems('validation: { apis: [{ api: TMF620, mode: warn }, { api: TMF620, mode: off }] }')).toEqual(
    [expect.stringMatching(/^validation\.apis: expected a list.*, no API twice; given /)],
  );
});
