/** Does an event fit the schema that its API version's specification has for its body? */
import addFormats from 'ajv-formats';
import { Ajv } from 'ajv';
import { openBundle, type EventSchemas } from '../../src/schemas/bundle.ts';
import { nameOf, type Triple } from './triples.ts';

interface Compiled {
  readonly schemas: EventSchemas;
  readonly ajv: Ajv;
}

/** Compiled code is large; who asks goes from API to API, so those of the last few versions are enough. */
const KEPT = 8;

export class Validators {
  readonly #bundle = openBundle();
  readonly #compiled = new Map<string, Compiled>();

  /** What is wrong with the event; undefined = it fits. Throws when there is no schema for the type. */
  faultOf(triple: Triple, event: unknown): string | undefined {
    const { schemas, ajv } = this.#of(triple);
    const name = schemas.events[triple.type];
    if (name === undefined) throw new Error(`no schema for ${nameOf(triple)}`);
    const validate = ajv.getSchema(`bundle#/definitions/${name}`)!;
    return validate(event) === true ? undefined : ajv.errorsText(validate.errors);
  }

  #of({ api, version }: Triple): Compiled {
    const key = `${api} ${version}`;
    const known = this.#compiled.get(key);
    if (known !== undefined) return known;
    const schemas = this.#bundle.read(api, version);
    // Definitions are compiled once each and not copied into those that refer to them: a tenth of the time.
    const ajv = new Ajv({
      strict: false,
      inlineRefs: false,
      validateSchema: false,
      code: { optimize: false },
    });
    addFormats.default(ajv);
    ajv.addSchema({ $id: 'bundle', definitions: schemas.definitions });
    const [oldest] = this.#compiled.keys();
    if (this.#compiled.size >= KEPT && oldest !== undefined) this.#compiled.delete(oldest);
    this.#compiled.set(key, { schemas, ajv });
    return { schemas, ajv };
  }
}
