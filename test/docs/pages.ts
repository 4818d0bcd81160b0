import { readFileSync } from 'node:fs';
import path from 'node:path';

export const ROOT = path.join(import.meta.dirname, '../..');

export interface Page {
  /** Its path in the repository. */
  readonly name: string;
  readonly text: string;
}

export interface Block {
  readonly language: string;
  readonly text: string;
}

export function readPage(name: string): Page {
  return { name, text: readFileSync(path.join(ROOT, name), 'utf8') };
}

/** What stands between fences, without the indent of a list that it is in. */
export function blocksOf({ text }: Page): readonly Block[] {
  return [...text.matchAll(/^( *)```(\w+)\n([^]*?)^ *```$/gm)].map(
    ([, indent = '', language = '', inside = '']) => ({
      language,
      text: inside.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    }),
  );
}

/** What stands between backticks, outside of blocks. */
export function codeOf({ text }: Page): readonly string[] {
  return [...withoutBlocks(text).matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}

/** Where the links of a page lead that stay in the repository, as written. */
export function linksOf({ text }: Page): readonly string[] {
  const targets = [...withoutBlocks(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return targets.filter((target) => !/^\w+:/.test(target));
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchorsOf({ text }: Page): readonly string[] {
  return [...withoutBlocks(text).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function withoutBlocks(text: string): string {
  return text.replaceAll(/^ *```[^]*?^ *```$/gm, '');
}
