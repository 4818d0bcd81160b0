/** The brokers that events come from, each with all of its settings: the short form and the list mean the same. */
import { merged, type Values } from './merged.ts';
import type { Config } from './schema.ts';
import type { Some } from './source-entries.ts';

interface Named {
  /** Unique; the broker's name in coordinates, metrics and readiness. */
  readonly name: string;
  /** What groups, queues and topics of the gateway itself begin with there. */
  readonly prefix: string;
}

export type SourceConfig =
  | (Named & { readonly broker: 'embedded' })
  | (Named & { readonly broker: 'kafka'; readonly kafka: Config['kafka'] })
  | (Named & { readonly broker: 'rabbitmq'; readonly rabbitmq: Config['rabbitmq'] });

/** At least one. The first is the one that is published to. In the short form a source is named by its kind. */
export function sourcesOf(config: Config): readonly SourceConfig[] {
  const { broker } = config;
  const entries = config.sources.length > 0 ? config.sources : [{ name: broker, broker }];
  return entries.map((entry) => sourceOf(entry, config));
}

function sourceOf(entry: Config['sources'][number], config: Config): SourceConfig {
  const { name, prefix = config.name } = entry;
  switch (entry.broker) {
    case 'embedded':
      return { name, prefix, broker: 'embedded' };
    case 'kafka':
      return { name, prefix, broker: 'kafka', kafka: over(config.kafka, entry.kafka) };
    case 'rabbitmq':
      return { name, prefix, broker: 'rabbitmq', rabbitmq: over(config.rabbitmq, entry.rabbitmq) };
  }
}

/** The section with an entry's own values over it; a list replaces a list. */
function over<T extends object>(section: T, own: Some<NoInfer<T>> | undefined): T {
  return merged(section as Values, (own ?? {}) as Values) as T;
}
