/** Names of topics, and expressions for names that nobody knows beforehand. */

/** What brokers take for a topic's name. */
export function isTopicName(text: string): boolean {
  return /^(?!\.{1,2}$)[\w.-]{1,249}$/.test(text);
}

/**
 * The text as it is. Made of a name's letters only, it is that name alone: the dot of `tmf.events` stands for a dot.
 * Anything else is a regular expression (flag `u`) for whole names. Throws when it is neither.
 */
export function readSource(text: string): string {
  if (/^[\w.-]*$/.test(text)) {
    if (!isTopicName(text)) throw new Error('no topic can have this name');
  } else {
    // By itself, before somebody puts it into brackets: `a)|(b` is no expression.
    RegExp(text, 'u');
  }
  return text;
}

/** Topics of the gateway `name` itself, such as that of its dead letters: never sources of events. */
export function isOwn(topic: string, name: string): boolean {
  return topic.startsWith(`${name}.`);
}
