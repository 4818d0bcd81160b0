import { topicScope } from '../../src/hub/topics/topics.ts';
import { hubProfiles, type ProfileSettings } from '../../src/operations/hub-profiles.ts';
import { catalogue, ORDERS_V4, ORDERS_V5 } from '../hub/gateway-parts.ts';

const settings = (scopes: ProfileSettings['scopes']): ProfileSettings => ({
  ...{ profile: 'tmf', profiles: [], scopes },
});

test.each([
  [{ api: 'TMF622', version: '4' }, ['fiware', 'tmf']],
  [{ api: 'TMF622' }, ['fiware', 'fiware']],
  [{ basePath: ORDERS_V5 }, ['tmf', 'fiware']],
])('%j: the hubs that it names have its profile', (where, expected) => {
  const profiles = hubProfiles(settings([{ ...where, profile: 'fiware' }]), catalogue);
  expect([ORDERS_V4, ORDERS_V5].map((path) => profiles.of(path, undefined)?.name)).toEqual(expected);
});

test('hubs below the topics of an API are hubs of that API', () => {
  const events = catalogue.hubs.find(({ api, hasTopics }) => api === 'TMF688' && hasTopics)!;
  const { basePath } = topicScope(events.basePath, 'a topic/1', events.major);
  const profiles = hubProfiles(settings([{ api: 'TMF688', profile: 'openslice' }]), catalogue);
  expect(profiles.of(basePath, undefined)?.name).toBe('openslice');
  expect(profiles.of(basePath, 'fiware')?.name).toBe('fiware');
  expect(profiles.of(`${ORDERS_V4}/topic/1`, undefined)?.name).toBe('tmf');
});

test('a scope that is of no hub is told with its place', () => {
  expect(() => hubProfiles(settings([{ api: 'TMF622' }, { api: 'TMF999' }]), catalogue)).toThrow(
    'hub.scopes[1]',
  );
});
