/** The YAML file: its content as plain values, and where in it a key stands. */
import { readFileSync } from 'node:fs';
import { isMap, isNode, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { isMapping } from './checks.ts';

export interface ConfigFile {
  /** What was read; empty when the file could not be read or is no YAML mapping. */
  readonly tree: Readonly<Record<string, unknown>>;
  readonly problems: readonly string[];
  /** `config/local.yaml:12`; undefined when the file does not have the key. */
  place(path: readonly PropertyKey[]): string | undefined;
}

export const noFile: ConfigFile = { tree: {}, problems: [], place: () => undefined };

/** Never throws: what is wrong with the file stands in `problems`. */
export function readConfigFile(file: string): ConfigFile {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return { ...noFile, problems: [`${file}: the file cannot be read (${(error as Error).message})`] };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const complaints = [...document.errors, ...document.warnings];
  if (complaints.length > 0) {
    const problems = complaints.map(({ code, message, pos }) => {
      const { line, col } = lines.linePos(pos[0]);
      if (code === 'MULTIPLE_DOCS') return `${file}:${line}: expected one YAML document; given a second one`;
      return `${file}:${line}:${col}: not valid YAML: ${message}`;
    });
    return { ...noFile, problems };
  }
  const root = document.contents;
  const place = (path: readonly PropertyKey[]) => {
    const offset = offsetOf(root, path);
    return offset === undefined ? undefined : `${file}:${lines.linePos(offset).line}`;
  };
  return content(file, () => document.toJS() as unknown, place);
}

function content(file: string, toJs: () => unknown, place: ConfigFile['place']): ConfigFile {
  try {
    const tree = toJs() ?? {};
    if (isMapping(tree)) return { tree, problems: [], place };
    return { ...noFile, problems: [`${file}: expected keys with values, such as "server: { port: 8080 }"`] };
  } catch (error) {
    return { ...noFile, problems: [`${file}: not valid YAML: ${(error as Error).message}`] };
  }
}

/** Where the last key of the path starts; as far as the path can be followed. */
function offsetOf(root: Node | null, path: readonly PropertyKey[]): number | undefined {
  let node: unknown = root;
  let offset: number | undefined;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isNode(key) && String(key) === String(step));
      if (pair === undefined) break;
      offset = isNode(pair.key) ? pair.key.range?.[0] : offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      offset = isNode(node) ? node.range?.[0] : offset;
    } else break;
  }
  return offset;
}
