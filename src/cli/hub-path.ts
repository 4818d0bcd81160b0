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
