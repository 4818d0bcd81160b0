import { readFile } from 'node:fs/promises';
import { CommandFailed, EXIT } from './exit.ts';
import type { Terminal } from './terminal.ts';

/**
 * JSON texts of the events in a file (`-` = stdin): one event, an array of events, or one event per line. A single
 * event stays exactly as written. Throws CommandFailed when the file cannot be read or holds something else.
 */
export async function readEvents(file: string, terminal: Terminal): Promise<readonly string[]> {
  const { name, text } = await readJsonText(file, terminal);
  const whole = parse(text);
  if (whole.ok) {
    const items = Array.isArray(whole.value) ? (whole.value as unknown[]) : undefined;
    if (items === undefined) return [checked(text, whole.value, name)];
    return items.map((item) => checked(JSON.stringify(item), item, name));
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length < 2 || !parse(lines[0] ?? '').ok) {
    throw new CommandFailed(`${name} is no JSON: ${whole.why}.`, EXIT.usage);
  }
  return lines.map((line, index) => {
    const parsed = parse(line);
    if (!parsed.ok)
      throw new CommandFailed(`Event ${index + 1} of ${name} is no JSON: ${parsed.why}.`, EXIT.usage);
    return checked(line, parsed.value, name);
  });
}

/** The text of one JSON document in a file (`-` = stdin), as written. */
export async function readJson(file: string, terminal: Terminal): Promise<string> {
  const { name, text } = await readJsonText(file, terminal);
  const parsed = parse(text);
  if (!parsed.ok) throw new CommandFailed(`${name} is no JSON: ${parsed.why}.`, EXIT.usage);
  return checked(text, parsed.value, name);
}

async function readJsonText(file: string, terminal: Terminal): Promise<{ name: string; text: string }> {
  if (file === '-') return { name: 'stdin', text: await terminal.readStdin() };
  try {
    return { name: file, text: await readFile(file, 'utf8') };
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new CommandFailed(missing ? `There is no file ${file}.` : `${file} cannot be read.`, EXIT.usage);
  }
}

function checked(text: string, value: unknown, name: string): string {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return text;
  throw new CommandFailed(`${name} holds something that is no event: an event is a JSON object.`, EXIT.usage);
}

function parse(text: string): { ok: true; value: unknown } | { ok: false; why: string } {
  try {
    return { ok: true, value: JSON.parse(text) as unknown };
  } catch (error) {
    return { ok: false, why: (error as Error).message };
  }
}
