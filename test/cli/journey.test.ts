import { eventOf, journey, type Step } from '../../src/cli/journey.ts';
import { REGISTRATIONS } from '../../src/cli/demo/listeners.ts';
import { createCatalogue } from '../../src/tmf/catalogue.ts';
import { catalogueRows } from '../../src/tmf/catalogue.data.ts';

const catalogue = createCatalogue(catalogueRows);
const { signUp, fulfilment, completion } = journey('t', 0);
const steps = [...signUp, ...fulfilment, ...completion];
const title = (step: Step) => `${step.caption} (${step.eventType})`;

test.each(steps.map((step) => [title(step), step] as const))(
  '%s is an event of the API it is published at, with the resource where the API has it',
  (_title, { basePath, eventType, entity }) => {
    const hub = catalogue.hubAt(basePath);
    expect(hub?.eventTypes).toContain(eventType);
    expect(catalogue.payloadKeys(hub?.api ?? '', eventType)).toContain(entity);
  },
);

test.each(REGISTRATIONS.map((entry) => [`${entry.listener}${entry.path}`, entry] as const))(
  '%s registers at a hub that there is, and is owed something',
  (_name, { basePath, wants }) => {
    if (basePath !== '') expect(catalogue.hubAt(basePath)).toBeDefined();
    expect(steps.some(wants)).toBe(true);
  },
);

test('each resource begins with its creation and ends in a state that is final for it', () => {
  const stories = Map.groupBy(steps, ({ resource }) => resource.id);
  for (const story of stories.values()) expect(story[0]?.eventType).toMatch(/CreateEvent$/);
  const orders = [...stories.values()].filter((story) => story.length > 1);
  expect(orders.map((story) => story.at(-1)?.resource.state)).toEqual([
    'completed',
    'completed',
    'completed',
  ]);
});

test('version 4 events have no @type and one c in timeOcurred, version 5 events have both right', () => {
  const at = '2026-01-31T08:00:00.000Z';
  for (const step of steps) {
    const event = eventOf(step, 'e-1', 'c-1', at) as Record<string, unknown>;
    expect(event).toMatchObject({
      eventId: 'e-1',
      eventTime: at,
      correlationId: 'c-1',
      eventType: step.eventType,
    });
    const v5 = catalogue.hubAt(step.basePath)?.major === 5;
    expect(event['@type']).toBe(v5 ? step.eventType : undefined);
    expect(event[v5 ? 'timeOccurred' : 'timeOcurred']).toBe(at);
  }
  expect(steps.map(({ basePath }) => catalogue.hubAt(basePath)?.major)).toContain(5);
});

test('runs do not share resources', () => {
  const other = journey('u', 0).signUp.map(({ resource }) => resource.id);
  for (const { resource } of steps) expect(other).not.toContain(resource.id);
});
