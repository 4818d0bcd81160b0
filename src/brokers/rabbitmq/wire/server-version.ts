/** What a server can do is told by its version, never by how it answers a declaration. */

const NEEDED = { major: 3, minor: 10 };

/** A sentence for an operator when the server has not all that is needed, such as at-least-once dead-lettering. */
export function unsupported(version: string): string | undefined {
  const [major = NaN, minor = NaN] = version.split('.').map(Number);
  const isNewEnough = major > NEEDED.major || (major === NEEDED.major && minor >= NEEDED.minor);
  if (isNewEnough) return undefined;
  return `RabbitMQ ${NEEDED.major}.${NEEDED.minor} or newer is needed; this one says that it is ${version || 'nothing that has a version'}`;
}
