/** What the server said to a call, without the name of the user; or what kept the call from it. */
export function saidBy(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const said = /with message "(.*)"/s.exec(message)?.[1];
  return said === undefined ? message : `RabbitMQ refuses: ${said.replace(/ (?:for|to|by) user '.*'/s, '')}`;
}
