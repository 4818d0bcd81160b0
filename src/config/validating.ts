/** The setting `validation`: events checked against the schemas that the specifications have of their bodies. */
import { z } from 'zod';
import { isMapping } from './checks.ts';
import { choice, type Kind, records } from './kinds.ts';
import { api } from './registering.ts';
import { required, section, setting } from './setting.ts';

export const validationMode = () => choice('off', 'warn', 'quarantine');

const entry = z.strictObject({
  api: required(api(), 'Which API it is, in all its versions.'),
  mode: required(validationMode(), 'What happens to events of this API that do not fit.'),
});

/** Of two entries for one API nobody could say which counts. */
function oneForEach<S extends z.ZodType<readonly unknown[]>>(kind: Kind<S>): Kind<S> {
  return {
    ...kind,
    expected: `${kind.expected}, no API twice`,
    schema: kind.schema.refine((entries) => {
      const apis = entries.map((one) => (isMapping(one) ? one['api'] : undefined));
      return new Set(apis).size === apis.length;
    }),
  };
}

export const validation = section('Events checked against the schemas of their APIs', {
  mode: setting(
    validationMode(),
    'An event that fits no version of its API is: off, not looked for; warn, logged and counted, and delivered all the same; quarantine, a dead letter instead (reason unreadable), and 400 at POST .../event. What a source says in sources[].validation counts for all its events; else what validation.apis says of the API; else this.',
    'off',
  ),
  apis: setting(oneForEach(records(entry)), 'APIs whose events are treated in another way.', []),
});
