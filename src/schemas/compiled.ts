import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { fullFormats } from 'ajv-formats/dist/formats.js';
import { canonicalEventType } from '../tmf/event-names.ts';
import type { EventSchemas } from './bundle.ts';

/**
 * One API version's schemas, each event's compiled when it is first asked for. They share one compiler: event types
 * of an API have most of their definitions in common, which are compiled once.
 */
export class CompiledSchemas {
  readonly major: number;
  /** In characters of the schemas; compiled, each takes about 25 bytes of memory. */
  readonly weight: number;
  readonly #ajv: Ajv;
  /** Name of the definition, by canonical event type. */
  readonly #names: ReadonlyMap<string, string>;
  readonly #validators = new Map<string, ValidateFunction>();

  constructor({ version, events, definitions, size }: EventSchemas) {
    this.major = Number.parseInt(version, 10);
    this.weight = size;
    this.#names = new Map(Object.entries(events).map(([type, name]) => [canonicalEventType(type), name]));
    this.#ajv = new Ajv({
      strict: false,
      logger: false,
      // Tests compile every schema of the bundle; here that would double the time of the first event.
      meta: false,
      validateSchema: false,
      formats: {
        date: fullFormats.date,
        // Producers of all kinds leave the offset out.
        'date-time': fullFormats['iso-date-time'],
      },
      // Half the time to compile, and no slower to run.
      code: { optimize: false },
    });
    this.#ajv.addSchema({ definitions }, 'api');
  }

  has(canonicalType: string): boolean {
    return this.#names.has(canonicalType);
  }

  /** What is wrong with the document; empty when it fits. Throws when the schema cannot be compiled. */
  errorsOf(canonicalType: string, document: unknown): readonly ErrorObject[] {
    const validator = this.#validatorOf(canonicalType);
    return validator(document) ? [] : (validator.errors ?? []);
  }

  #validatorOf(canonicalType: string): ValidateFunction {
    const known = this.#validators.get(canonicalType);
    if (known) return known;
    const name = this.#names.get(canonicalType) ?? '';
    const validator = this.#ajv.getSchema(`api#/definitions/${name}`);
    if (!validator) throw new Error(`there is no definition ${name}`);
    this.#validators.set(canonicalType, validator);
    return validator;
  }
}
