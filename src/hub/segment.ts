/** Ids in paths are no longer than this. */
export const MAX_ID_LENGTH = 128;

/** What a segment of a path says; undefined for one that is empty or badly encoded. */
export function decoded(segment: string): string | undefined {
  if (!segment.includes('%')) return segment === '' ? undefined : segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

/** The same, of one that is an id. */
export function idIn(segment: string): string | undefined {
  const id = decoded(segment);
  return id === undefined || id.length > MAX_ID_LENGTH ? undefined : id;
}
