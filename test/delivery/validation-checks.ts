import { openBundle } from '../../src/schemas/bundle.ts';
import { createEventChecks } from '../../src/schemas/event-checks.ts';
import { createValidator } from '../../src/schemas/validator.ts';
import type { EventChecks } from '../../src/tmf/event-check.ts';

type Mode = 'off' | 'warn' | 'quarantine';

const validate = createValidator({
  bundle: openBundle(),
  unusable: (api, version, error) => {
    throw new Error(`${api} ${version}`, { cause: error });
  },
});

/** The checks of a gateway, on the schemas of the package; the mode may change, as after a restart. */
export function gatewayChecks(mode: Mode): { checks: EventChecks; settings: { mode: Mode } } {
  const settings = { mode };
  const checks: EventChecks = (source) => (apis, type, document) => {
    const made = createEventChecks({ mode: settings.mode, apis: [], sources: [] }, () => validate);
    return made?.(source)(apis, type, document);
  };
  return { checks, settings };
}
