/** Which events are checked, and what becomes of those that do not fit: the setting `validation`. */
import type { Consequence, EventCheck, EventChecks, Objection } from '../tmf/event-check.ts';
import type { Logger } from '../logger.ts';
import { openBundle } from './bundle.ts';
import { createValidator, type Validate } from './validator.ts';

type Mode = 'off' | Consequence;

export interface ValidationSettings {
  readonly mode: Mode;
  readonly apis: readonly { readonly api: string; readonly mode: Mode }[];
  /** Those with a mode of their own. */
  readonly sources: readonly { readonly name: string; readonly mode: Mode }[];
}

/** The checks that a configuration asks for. Throws when there are some, and the package has no schemas. */
export function openEventChecks(
  config: {
    readonly validation: Omit<ValidationSettings, 'sources'>;
    readonly sources: readonly { readonly name: string; readonly validation?: Mode | undefined }[];
  },
  logger: Logger,
): EventChecks | undefined {
  const sources = config.sources.flatMap(({ name, validation: mode }) => (mode ? [{ name, mode }] : []));
  return createEventChecks({ ...config.validation, sources }, () =>
    createValidator({
      bundle: openBundle(),
      unusable: (api, version, error) => logger.error({ api, version, err: error }, 'schema.unusable'),
    }),
  );
}

/**
 * A source's own mode counts for all its events; else the API's; else the common one. Undefined when nothing is
 * checked at all: then `validator` is not asked for.
 */
export function createEventChecks(
  { mode, apis, sources }: ValidationSettings,
  validator: () => Validate,
): EventChecks | undefined {
  if ([mode, ...[...apis, ...sources].map((one) => one.mode)].every((one) => one === 'off')) return undefined;
  const validate = validator();
  const byApi = new Map(apis.map((one) => [one.api, one.mode]));
  const common = checkBy((api) => byApi.get(api) ?? mode, validate);
  const own = new Map(sources.map((one) => [one.name, checkBy(() => one.mode, validate)]));
  return (source) => own.get(source) ?? common;
}

/**
 * Where the type stands in several APIs and nobody said which is meant, the event may be of any of them: there is
 * an objection only when none of them would have it, and the mildest of their modes counts.
 */
function checkBy(modeOf: (api: string) => Mode, validate: Validate): EventCheck {
  return (apis, eventType, document) => {
    let objection: Objection | undefined;
    for (const api of apis) {
      const mode = modeOf(api);
      const errors = mode === 'off' ? undefined : validate(api, eventType, document);
      if (mode === 'off' || errors === undefined || errors.length === 0) return undefined;
      objection ??= { api, mode, errors };
      if (mode === 'warn') objection = { ...objection, mode };
    }
    return objection;
  };
}
