/** Settings from environment variables. */
import { nearest } from './nearest.ts';
import type { SettingKey } from './setting.ts';

const PREFIX = 'TMF_HUB_';
/** Names the configuration file itself, so it is no key of it. */
const FILE_VARIABLE = 'TMF_HUB_CONFIG';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface FromEnvironment {
  readonly key: SettingKey;
  readonly variable: string;
  /** Undefined: the setting is switched back to "not set". */
  readonly value: unknown;
}

/** Does a variable of this name set a setting, or would it like to? */
export function isOurs(variable: string): boolean {
  return variable.startsWith(PREFIX);
}

/** What the environment sets, and the names in it that start like ours and mean nothing. */
export function readEnvironment(
  env: Environment,
  settings: readonly SettingKey[],
): { set: FromEnvironment[]; problems: string[] } {
  const byName = new Map(
    settings.flatMap((key) => key.variables.map((variable) => [variable, key] as const)),
  );
  const set = new Map<SettingKey, FromEnvironment>();
  const problems: string[] = [];
  for (const [variable, given] of Object.entries(env)) {
    if (given === undefined || !isOurs(variable)) continue;
    if (variable === FILE_VARIABLE || isServiceLink(variable, given)) continue;
    const key = byName.get(variable);
    const before = key && set.get(key);
    if (key === undefined) {
      problems.push(unknownVariable(variable, settings));
    } else if (before) {
      problems.push(`${key.key}: set twice, by ${before.variable} and by ${variable}; keep one`);
    } else set.set(key, { key, variable, value: valueOf(key, given.trim()) });
  }
  return { set: [...set.values()], problems };
}

/** An empty text is the empty list, and "not set" for what has no default: an empty token must never count. */
function valueOf({ note }: SettingKey, given: string): unknown {
  return given === '' && note.standard === undefined ? undefined : note.fromText(given);
}

/**
 * Kubernetes gives every pod variables for every service of its namespace; a service named tmf-hub yields
 * TMF_HUB_SERVICE_HOST, TMF_HUB_PORT=tcp://10.0.0.1:80 and more. They are no settings and no mistakes.
 */
function isServiceLink(variable: string, given: string): boolean {
  if (/_SERVICE_(?:HOST|PORT(?:_\w+)?)$/.test(variable)) return true;
  if (/_PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?$/.test(variable)) return true;
  return variable.endsWith('_PORT') && /^(?:tcp|udp|sctp):\/\//.test(given);
}

function unknownVariable(variable: string, settings: readonly SettingKey[]): string {
  const known = [FILE_VARIABLE, ...settings.map(({ variables }) => variables[0])];
  const near = nearest(
    variable.slice(PREFIX.length),
    known.map((name) => name.slice(PREFIX.length)),
  );
  const hint = near === undefined ? '' : `; did you mean ${PREFIX}${near}?`;
  return `${variable}: no setting has this environment variable${hint}`;
}
