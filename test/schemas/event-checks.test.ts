import { silentLogger } from '../../src/logger.ts';
import {
  createEventChecks,
  openEventChecks,
  type ValidationSettings,
} from '../../src/schemas/event-checks.ts';
import { orderEvent } from './order.ts';

/** APIs whose name ends in X have no schema, those in V find every event valid; all others complain. */
function checks(settings: Partial<ValidationSettings>) {
  const asked: string[] = [];
  const made = createEventChecks({ mode: 'off', apis: [], sources: [], ...settings }, () => (api) => {
    asked.push(api);
    if (api.endsWith('X')) return undefined;
    return api.endsWith('V') ? [] : [`${api} complains`];
  });
  const judge = (source: string, ...apis: string[]) => {
    const objection = made?.(source)(apis, 'AEvent', {});
    return objection && `${objection.mode} ${objection.api}: ${objection.errors.join()}`;
  };
  return { made, judge, asked };
}

test('nothing is made, and no schema looked for, when everything is off', () => {
  const settings = {
    mode: 'off',
    apis: [{ api: 'A', mode: 'off' }],
    sources: [{ name: 's', mode: 'off' }],
  } as const;
  const never = () => {
    throw new Error('looked for');
  };
  expect(createEventChecks(settings, never)).toBeUndefined();
  expect(
    openEventChecks({ validation: { mode: 'off', apis: [] }, sources: [] }, silentLogger),
  ).toBeUndefined();
});

test('an API has its own mode, else the common one counts', () => {
  const { judge, asked } = checks({
    mode: 'warn',
    apis: [
      { api: 'B', mode: 'quarantine' },
      { api: 'C', mode: 'off' },
    ],
  });
  expect(judge('s', 'A')).toBe('warn A: A complains');
  expect(judge('s', 'B')).toBe('quarantine B: B complains');
  expect(judge('s', 'C')).toBeUndefined();
  expect(asked).toEqual(['A', 'B']);
});

test('what a source says counts for all its events, and for no others', () => {
  const { judge } = checks({
    apis: [{ api: 'B', mode: 'quarantine' }],
    sources: [
      { name: 'old', mode: 'off' },
      { name: 'new', mode: 'warn' },
    ],
  });
  expect(judge('old', 'B')).toBeUndefined();
  expect(judge('new', 'A')).toBe('warn A: A complains');
  expect(judge('new', 'B')).toBe('warn B: B complains');
  expect(judge('third', 'A')).toBeUndefined();
  expect(judge('third', 'B')).toBe('quarantine B: B complains');
});

test('nothing is said of an event whose API is not known, or has no schema', () => {
  const { judge } = checks({ mode: 'quarantine' });
  expect(judge('s')).toBeUndefined();
  expect(judge('s', 'X')).toBeUndefined();
  expect(judge('s', 'V')).toBeUndefined();
});

test('of several APIs that may be meant, each must object, and the mildest mode counts', () => {
  const { judge } = checks({
    mode: 'quarantine',
    apis: [
      { api: 'W', mode: 'warn' },
      { api: 'O', mode: 'off' },
    ],
  });
  expect(judge('s', 'A', 'B')).toBe('quarantine A: A complains');
  expect(judge('s', 'A', 'W', 'B')).toBe('warn A: A complains');
  for (const mild of ['X', 'V', 'O']) expect(judge('s', 'A', mild)).toBeUndefined();
});

test('with the settings of a configuration and the schemas of the package', () => {
  const opened = openEventChecks(
    {
      validation: { mode: 'warn', apis: [] },
      sources: [{ name: 'kafka' }, { name: 'new', validation: 'quarantine' }],
    },
    silentLogger,
  );
  const wrong = orderEvent(4, { id: 1 });
  const judge = (source: string, event: Record<string, unknown>) =>
    opened?.(source)(['TMF622'], 'ProductOrderCreateEvent', event);
  const errors = ['event.productOrder.id must be string'];
  expect(judge('kafka', wrong)).toEqual({ api: 'TMF622', mode: 'warn', errors });
  expect(judge('new', wrong)).toEqual({ api: 'TMF622', mode: 'quarantine', errors });
  expect(judge('new', orderEvent(5))).toBeUndefined();
});
