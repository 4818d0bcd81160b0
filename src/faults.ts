const OF_THE_LANGUAGE = ['TypeError', 'ReferenceError', 'RangeError', 'SyntaxError', 'AssertionError'];

/** Is it a mistake of ours, for which somebody wants to see the stack, and nothing that an operator can mend? */
export function isFault(error: unknown): boolean {
  return error instanceof Error && OF_THE_LANGUAGE.includes(error.name);
}
