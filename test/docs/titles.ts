import ts from 'typescript';

const BLOCKS = new Set(['test', 'it', 'describe']);
/** A test that is not run, or that is known to fail, holds nobody to anything. */
const NOT_RUN = new Set(['skip', 'todo', 'failing']);

/** The titles of all tests and groups that run, as written in the source. */
export function titlesIn(source: string): string[] {
  const titles: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const [block, ...modifiers] = chainOf(node.expression);
      if (block !== undefined && BLOCKS.has(block)) {
        if (modifiers.some((name) => NOT_RUN.has(name))) return;
        const [title] = node.arguments;
        if (title !== undefined && isText(title)) titles.push(title.getText());
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('test.ts', source, ts.ScriptTarget.Latest, true));
  return titles;
}

/** `RULES 3, 4 and 5` names three. */
export function namedIn(kind: 'RULES' | 'PITFALLS', titles: readonly string[]): Set<number> {
  const list = new RegExp(String.raw`(?<![A-Z] )\b${kind} (\d+(?:(?:, | and )\d+)*)`, 'g');
  const named = new Set<number>();
  for (const title of titles) {
    for (const [, numbers = ''] of title.matchAll(list)) {
      for (const number of numbers.split(/\D+/)) named.add(Number(number));
    }
  }
  return named;
}

/** `test.each([...])` -> test, each. */
function chainOf(expression: ts.Expression): string[] {
  if (ts.isIdentifier(expression)) return [expression.text];
  if (ts.isPropertyAccessExpression(expression))
    return [...chainOf(expression.expression), expression.name.text];
  if (ts.isCallExpression(expression)) return chainOf(expression.expression);
  if (ts.isTaggedTemplateExpression(expression)) return chainOf(expression.tag);
  return [];
}

function isText(node: ts.Node): boolean {
  return ts.isStringLiteralLike(node) || ts.isTemplateExpression(node);
}
