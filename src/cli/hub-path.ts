import type { Arguments } from './arguments.ts';

/**
 * The path of a hub from what people type: an API's base path with or without its slashes and `/hub`; '' is the hub of
 * all APIs.
 */
export function hubPath(base: string): string {
  return `${basePath(base)}/hub`;
}

/** The path that events are published at, from the same. */
export function eventPath(base: string): string {
  return `${basePath(base)}/event`;
}

function basePath(typed: string): string {
  const trimmed = typed.replace(/^\/+|\/+$/g, '').replace(/(^|\/)(hub|event)$/, '');
  return trimmed === '' ? '' : `/${trimmed}`;
}

/** What the options of a command ask a hub for, beside the callback: what was not said is not there. */
export function registrationOf(args: Arguments): Record<string, string> {
  return Object.fromEntries(
    ['query', 'profile', 'secret'].flatMap((name) => {
      const value = args.text(name);
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}
