/** The one schema: defaults, validation, environment names and the reference all come from here. */
import { z } from 'zod';
import type { PemFile } from '../pem-file.ts';
import { betweenSources } from './between-sources.ts';
import { atMost, type Bound, isMapping, separatePorts } from './checks.ts';
import { callbacks, circuit, limits, retry } from './delivering.ts';
import { kafka } from './kafka.ts';
import { kafkaChecks } from './kafka-checks.ts';
import { profileMistakes } from './profile-checks.ts';
import { rabbitmq } from './rabbitmq.ts';
import { rabbitmqChecks } from './rabbitmq-checks.ts';
import { redis, redisMistakes } from './redis.ts';
import { hub, subscriptions } from './registering.ts';
import { admin, broker, data, embedded, log, metrics, name, server, topics } from './serving.ts';
import { type Key, keysOf } from './setting.ts';
import { sources } from './source-entries.ts';
import { viewsOf } from './source-view.ts';
import { validation } from './validating.ts';

/** A default gives way to a smaller upper bound that was written; two written values may contradict each other. */
export const bounds: readonly Bound[] = [
  { section: 'callbacks', lower: 'connectTimeout', upper: 'timeout' },
  { section: 'circuit', lower: 'probeMin', upper: 'probeMax' },
  { section: 'limits', lower: 'startConcurrency', upper: 'maxConcurrency' },
];

const settings = z.strictObject({
  name,
  broker,
  data,
  server,
  admin,
  log,
  callbacks,
  retry,
  circuit,
  limits,
  hub,
  topics,
  validation,
  embedded,
  metrics,
  kafka,
  rabbitmq,
  sources,
  redis,
  subscriptions,
});

const sourceChecks = [...kafkaChecks, ...rabbitmqChecks, ...betweenSources];

export const schema = [separatePorts(), ...bounds.map(atMost)]
  .reduce((checked, check) => checked.refine(...check), settings)
  .superRefine(
    (config, context) => {
      if (!isMapping(config)) return;
      const sources = viewsOf(config);
      const ofSources = sourceChecks.flatMap((check) => check(sources));
      for (const { path, params } of [...ofSources, ...redisMistakes(config), ...profileMistakes(config)])
        context.addIssue({ code: 'custom', path: [...path], params: { ...params } });
    },
    { when: () => true },
  );

/** Every key, in the order of the schema. Of `sources` only the members, not the sections that may stand in them. */
export const keys: readonly Key[] = keysOf(schema);

type Frozen<T> = T extends (infer E)[]
  ? readonly Frozen<E>[]
  : T extends PemFile
    ? T
    : T extends object
      ? { readonly [K in keyof T]: Frozen<T[K]> }
      : T;

/** The whole configuration: every setting has its value. Durations are milliseconds, sizes are bytes. */
export type Config = Frozen<z.output<typeof schema>>;
