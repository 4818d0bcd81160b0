/** The setting `sources`: several brokers at once. What becomes of it is said in `sources.ts`. */
import { z } from 'zod';
import { kafka } from './kafka.ts';
import { choice, type Kind, records, text } from './kinds.ts';
import { rabbitmq } from './rabbitmq.ts';
import { prefix } from './serving.ts';
import { optional, required, setting } from './setting.ts';
import { validationMode } from './validating.ts';

/** Some values of a section: what is not there is as in the section. */
export type Some<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: Some<T[K]> }
    : T;

/** Any keys of a section, without their defaults. */
function someOf<S extends z.ZodObject>(section: S, named: string): Kind<z.ZodType<Some<z.output<S>>>> {
  return {
    schema: withoutDefaults(section) as unknown as z.ZodType<Some<z.output<S>>>,
    expected: `keys of the section ${named}`,
    fromText: (written) => written,
    like: named,
  };
}

function withoutDefaults(section: z.ZodObject<Record<string, z.ZodType>>): z.ZodObject {
  const shape: z.core.$ZodLooseShape = {};
  for (const [name, child] of Object.entries(section.shape)) {
    if (child instanceof z.ZodObject) shape[name] = z.optional(withoutDefaults(child));
    else shape[name] = child instanceof z.ZodPrefault ? z.optional(child.unwrap()) : child;
  }
  return z.strictObject(shape);
}

/** There may be passwords in it. */
const WHOLE = { secret: true };

const entry = z.strictObject({
  name: required(
    text(
      'lower-case letters, digits and "-", at most 40, the first a letter or digit, and not registry',
      // Readiness names its parts: the registry, and each source.
      (value) => /^(?!registry$)[a-z0-9][a-z0-9-]{0,39}$/.test(value),
    ),
    'Names the source in metrics, readiness and the coordinates of events and dead letters; no two have the same. What was broker: kafka is best named kafka.',
  ),
  broker: required(choice('kafka', 'rabbitmq', 'embedded'), 'What it is; embedded at most once.'),
  prefix: optional(
    prefix(),
    'What consumer groups, queues, dead letters and topics of the gateway itself begin with there; without it name. Two sources of one kind need different ones.',
  ),
  validation: optional(
    validationMode(),
    'What happens to events of this source that do not fit the schemas of their API, of whichever API they are; without it as validation says.',
  ),
  kafka: optional(
    someOf(kafka, 'kafka'),
    'Settings that differ from those of kafka, for this source.',
    WHOLE,
  ),
  rabbitmq: optional(
    someOf(rabbitmq, 'rabbitmq'),
    'Settings that differ from those of rabbitmq, for this source.',
    WHOLE,
  ),
});

export const sources = setting(
  records(entry),
  'Several brokers at once, instead of broker, which is the short form for one: a subscription gets the events of all of them; what is published here goes to the first. What an entry does not say is as in the sections kafka, rabbitmq, embedded and topics.',
  [],
  WHOLE,
);
