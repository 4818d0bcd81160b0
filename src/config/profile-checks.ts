/** Names of profiles must be those of profiles that there are; a profile must not say what it cannot mean. */
import { builtInProfiles } from '../tmf/profiles.ts';
import { type CheckParams, isMapping } from './checks.ts';

interface Mistake {
  readonly path: readonly (string | number)[];
  readonly params: CheckParams;
}

/** Looks at values of any type and judges only what it understands: other mistakes are told beside these. */
export function profileMistakes(config: Readonly<Record<string, unknown>>): Mistake[] {
  const hub = isMapping(config['hub']) ? config['hub'] : {};
  const profiles = entriesOf(hub['profiles']);
  const names = new Set([...builtInProfiles, ...profiles.map(([, entry]) => entry)].map(({ name }) => name));
  const expected = `one of ${[...names].filter((name) => typeof name === 'string').join(', ')}`;
  const named: (readonly [Mistake['path'], unknown])[] = [
    [['hub', 'profile'], hub['profile']],
    ...entriesOf(hub['scopes']).map(
      ([i, { profile }]) => [['hub', 'scopes', i, 'profile'], profile] as const,
    ),
    ...entriesOf(config['subscriptions']).map(
      ([i, { profile }]) => [['subscriptions', i, 'profile'], profile] as const,
    ),
  ];
  const unknown = named.filter(([, name]) => typeof name === 'string' && !names.has(name));
  const useless = profiles.filter(
    ([, { callback, listenerBase }]) => listenerBase !== undefined && (callback ?? 'exact') === 'exact',
  );
  const again = profiles.filter(([i, { name }]) =>
    profiles.slice(0, i).some(([, one]) => one['name'] === name),
  );
  return [
    ...again.map(([i]) => ({
      ...{
        path: ['hub', 'profiles', i, 'name'],
        params: { expected: 'another name than an entry before it' },
      },
    })),
    ...unknown.map(([path]) => ({ path, params: { expected } })),
    ...useless.map(([i]) => ({
      ...{
        path: ['hub', 'profiles', i, 'listenerBase'],
        params: { expected: 'to stand beside callback: append' },
      },
    })),
  ];
}

function entriesOf(list: unknown): (readonly [number, Readonly<Record<string, unknown>>])[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry: unknown, i) => (isMapping(entry) ? [[i, entry] as const] : []));
}
