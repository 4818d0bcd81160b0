/** The sources of a configuration as checks see them: values of any type, for other mistakes are still in them. */
import { type CheckParams, isMapping } from './checks.ts';
import { merged } from './merged.ts';

/** Which setting is to blame, and why. */
export interface Mistake {
  readonly path: PropertyKey[];
  readonly params: CheckParams;
}

/** Asked once, for all sources together. */
export type SourceCheck = (sources: readonly SourceView[]) => Mistake[];

/** Members of an entry of the list; all other keys belong to the whole configuration. */
const OF_THE_SOURCE = new Set(['name', 'broker', 'prefix', 'validation', 'kafka', 'rabbitmq']);

export class SourceView {
  readonly broker: unknown;
  /** `sources[1]`; undefined in the short form. */
  readonly label: string | undefined;
  /** Key of the setting that has the value of `prefix`. */
  readonly prefixKey: string;
  readonly #at: readonly PropertyKey[];
  readonly #own: Record<string, unknown>;
  readonly #values: Record<string, unknown>;

  /** `index`: its place in the list; undefined in the short form. */
  constructor(config: Record<string, unknown>, own: Record<string, unknown>, index?: number) {
    const { prefix = config['name'] } = own;
    this.broker = own['broker'];
    this.label = index === undefined ? undefined : `sources[${index}]`;
    this.prefixKey =
      this.label === undefined || own['prefix'] === undefined ? 'name' : `${this.label}.prefix`;
    this.#at = index === undefined ? [] : ['sources', index];
    this.#own = own;
    const kafka = section(config['kafka'], own['kafka']);
    const rabbitmq = section(config['rabbitmq'], own['rabbitmq']);
    this.#values = { ...config, prefix, kafka, rabbitmq };
  }

  /** The value of a dotted key as it counts for this source; undefined when it is not set. */
  value(key: string): unknown {
    return valueAt(this.#values, key);
  }

  /** The same, only as its entry in the list says it. */
  own(key: string): unknown {
    return valueAt(this.#own, key);
  }

  mistake(key: string, params: CheckParams): Mistake {
    const path = key.split('.');
    return { path: OF_THE_SOURCE.has(path[0] ?? '') ? [...this.#at, ...path] : path, params };
  }
}

/** Those of the list; without a list the one of the short form. What is no entry is left out. */
export function viewsOf(config: Record<string, unknown>): SourceView[] {
  const { sources, broker } = config;
  if (!Array.isArray(sources) || sources.length === 0) return [new SourceView(config, { broker })];
  return sources.flatMap((entry: unknown, index) =>
    isMapping(entry) ? [new SourceView(config, entry, index)] : [],
  );
}

function section(shared: unknown, own: unknown): unknown {
  return isMapping(shared) && isMapping(own) ? merged(shared, own) : shared;
}

function valueAt(values: Record<string, unknown>, key: string): unknown {
  return key
    .split('.')
    .reduce<unknown>((below, step) => (isMapping(below) ? below[step] : undefined), values);
}
