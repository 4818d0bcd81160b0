/**
 * The gateway's own settings as JSON Schema (draft 7), as they may stand in the values `config` and `subscriptions` of
 * the chart: without those that the chart sets from other values, and with secrets only as references.
 */
import { z } from 'zod';
import { keys, schema } from '../../src/config/schema.ts';
import { type Note, withStandIns } from '../../src/config/setting.ts';

export interface JsonSchema extends Record<string, unknown> {
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
}

/** A variable of `secretEnv`. */
const REFERENCE = '\\$\\{[A-Z_][A-Z0-9_]*\\}';

/** Set by the chart: from values of their own, or to where it mounts things. */
const CHARTS_OWN = [
  'broker',
  'data',
  'server.port',
  'server.host',
  'admin',
  'kafka.brokers',
  'kafka.tls',
  'kafka.sasl',
  'rabbitmq.url',
  'rabbitmq.username',
  'rabbitmq.password',
  'rabbitmq.tls',
  'redis',
  'subscriptions',
];

/** By the beginning of what is expected; the first that fits. */
const FORMS: readonly (readonly [start: string, pattern: string])[] = [
  ['a duration', '^[0-9]+(ms|s|m|h|d)$'],
  ['a size', '^[0-9]+(B|KiB|MiB|GiB|TiB)$'],
];
const SECRET_FORMS: typeof FORMS = [
  ['a file', '^/'],
  ['a URL', `^(${REFERENCE}|[^@\\s]+)$`],
  ['', `^${REFERENCE}$`],
];

export function configSchema(): { readonly config: JsonSchema; readonly subscriptions: JsonSchema } {
  const whole = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    target: 'draft-7',
  }) as JsonSchema;
  for (const key of withStandIns(keys)) {
    if (key.kind !== 'section') narrow(at(whole, key.key.replaceAll('[]', '.[]').split('.')), key.note);
  }
  const subscriptions = whole.properties?.['subscriptions'] ?? {};
  for (const key of CHARTS_OWN) remove(whole, key.split('.'));
  return { config: withoutDefaults(whole), subscriptions: withoutDefaults(subscriptions) };
}

function at(schema: JsonSchema | undefined, [step, ...rest]: readonly string[]): JsonSchema | undefined {
  if (step === undefined) return schema;
  return at(step === '[]' ? schema?.items : schema?.properties?.[step], rest);
}

function narrow(schema: JsonSchema | undefined, { expected, secret }: Note): void {
  if (schema?.['type'] !== 'string') return;
  const form = (secret ? SECRET_FORMS : FORMS).find(([start]) => expected.startsWith(start));
  if (form !== undefined) schema['pattern'] = form[1];
}

function remove(schema: JsonSchema, [step = '', ...rest]: readonly string[]): void {
  const child = schema.properties?.[step];
  if (rest.length > 0 && child) remove(child, rest);
  else delete schema.properties?.[step];
}

/** The gateway knows its defaults and adds sections that are missing; members of entries may be required. */
function withoutDefaults({ items, properties, ...schema }: JsonSchema): JsonSchema {
  const rest = Object.fromEntries(Object.entries(schema).filter(([member]) => !UNSAID.includes(member)));
  if (items) return { ...rest, items: { ...withoutDefaults(items), ...requiredIn(items) } };
  if (!properties) return rest;
  const children = Object.entries(properties).map(([name, child]) => [name, withoutDefaults(child)]);
  return { ...rest, properties: Object.fromEntries(children) as Record<string, JsonSchema> };
}

const UNSAID = ['$schema', 'default', 'required'];

function requiredIn({ required }: JsonSchema): JsonSchema {
  return required === undefined ? {} : { required };
}
