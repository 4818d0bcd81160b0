/**
 * The gateway's own settings as JSON Schema (draft 7), as they may stand in the values `config` and `subscriptions` of
 * the chart: without those that the chart sets from other values, and with secrets only as references.
 */
import { z } from 'zod';
import { keys, schema } from '../../src/config/schema.ts';
import { type Note, withStandIns } from '../../src/config/setting.ts';
import { put, type Tree } from '../../src/config/tree.ts';
import { builtInProfiles } from '../../src/tmf/profiles.ts';
import { formOf } from './setting-forms.ts';

export interface JsonSchema extends Record<string, unknown> {
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
}

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

/** What members of one entry have to do with each other. */
const ONE_OF_TWO = { dependencies: { version: ['api'] }, not: { required: ['basePath', 'api'] } };
const ENTRIES: Readonly<Record<string, object>> = {
  subscriptions: ONE_OF_TWO,
  'hub.scopes': { ...ONE_OF_TWO, anyOf: [{ required: ['api'] }, { required: ['basePath'] }] },
  'hub.profiles': {
    if: { required: ['listenerBase'] },
    then: { required: ['callback'], properties: { callback: { const: 'append' } } },
  },
};

export function configSchema(): { readonly config: JsonSchema; readonly subscriptions: JsonSchema } {
  const whole = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    target: 'draft-7',
  }) as JsonSchema;
  for (const key of withStandIns(keys)) {
    if (key.kind !== 'section') narrow(at(whole, key.key.replaceAll('[]', '.[]').split('.')), key.note);
  }
  for (const [list, rules] of Object.entries(ENTRIES)) {
    const { items } = at(whole, list.split('.')) ?? {};
    if (items) Object.assign(items, rules);
  }
  const subscriptions = whole.properties?.['subscriptions'] ?? {};
  for (const key of CHARTS_OWN) remove(whole, key.split('.'));
  return { config: withoutDefaults(whole), subscriptions: withoutDefaults(subscriptions) };
}

/** Defaults and names of the gateway that the templates compare values with, as a file. */
export function chartSettings(): string {
  const defaults: Tree = {};
  for (const { kind, path, ...key } of keys) {
    if (kind === 'section') put(defaults, path, {});
    else if (kind === 'setting' && 'note' in key && key.note.standard !== undefined)
      put(defaults, path, key.note.standard);
  }
  const profiles = builtInProfiles.map(({ name }) => name);
  return `${JSON.stringify({ defaults, profiles }, null, 2)}\n`;
}

function at(schema: JsonSchema | undefined, [step, ...rest]: readonly string[]): JsonSchema | undefined {
  if (step === undefined) return schema;
  return at(step === '[]' ? schema?.items : schema?.properties?.[step], rest);
}

function narrow(schema: JsonSchema | undefined, { expected, each, secret }: Note): void {
  if (schema === undefined || schema['enum'] !== undefined) return;
  if (each !== undefined) narrow(schema.items, { expected: each, fromText: String });
  for (const one of schema.anyOf ?? []) narrow(one, { expected, fromText: String });
  if (['string', 'integer'].includes(typeOf(schema))) Object.assign(schema, formOf(expected, secret));
}

/** What may be written as a number, too, is a text. */
function typeOf({ type }: JsonSchema): string {
  const [first] = [type].flat();
  return typeof first === 'string' ? first : '';
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
