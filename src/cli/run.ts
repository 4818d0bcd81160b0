import { parseArguments } from './arguments.ts';
import { isGroup, type Command, type CommandGroup } from './command.ts';
import { CommandFailed, EXIT, UsageError } from './exit.ts';
import { commandHelp, groupHelp, PROGRAM, programHelp } from './help.ts';
import { didYouMean } from './nearest.ts';
import type { Terminal } from './terminal.ts';

/**
 * Finds the command that `argv` names, runs it, and resolves with the exit code (see EXIT). What goes wrong is one
 * sentence on stderr; with `--json` it is `{"error": {...}}` there.
 */
export async function run(
  argv: readonly string[],
  entries: readonly (Command | CommandGroup)[],
  version: string,
  terminal: Terminal,
): Promise<number> {
  const [first, ...rest] = argv;
  if (first === undefined || first === '--help' || first === '-h' || first === 'help') {
    return help(rest, first === 'help', entries, terminal);
  }
  if (first === '--version' || first === '-v') {
    terminal.out(version);
    return EXIT.ok;
  }
  const entry = entries.find(({ name }) => name === first);
  if (entry === undefined) {
    const what = first.startsWith('-') ? `Unknown option ${first}` : `There is no command '${first}'`;
    return wrongUsage(what, first, entries, PROGRAM, terminal);
  }
  return isGroup(entry) ? runGroup(entry, rest, terminal) : runCommand(entry.name, entry, rest, terminal);
}

function runGroup(group: CommandGroup, argv: readonly string[], terminal: Terminal): Promise<number> {
  const [first, ...rest] = argv;
  if (first === '--help' || first === '-h') {
    terminal.out(groupHelp(group, terminal.paint));
    return Promise.resolve(EXIT.ok);
  }
  const path = `${PROGRAM} ${group.name}`;
  if (first === undefined) {
    const names = group.commands.map(({ name }) => name).join(', ');
    terminal.err(`${path} needs one of: ${names}. Try ${path} --help`);
    return Promise.resolve(EXIT.usage);
  }
  const command = group.commands.find(({ name }) => name === first);
  if (command === undefined) {
    const what = `${path} has no command '${first}'`;
    return Promise.resolve(wrongUsage(what, first, group.commands, path, terminal));
  }
  return runCommand(`${group.name} ${command.name}`, command, rest, terminal);
}

async function runCommand(
  path: string,
  command: Command,
  argv: readonly string[],
  terminal: Terminal,
): Promise<number> {
  if (asksForHelp(argv)) {
    terminal.out(commandHelp(path, command, terminal.paint));
    return EXIT.ok;
  }
  try {
    const args = parseArguments(argv, command.options, terminal.env);
    const { min, max } = command.count;
    if (args.positionals.length < min) throw new UsageError(`Missing ${command.operands}.`);
    const surplus = args.positionals[max];
    if (surplus !== undefined) throw new UsageError(`'${surplus}' is one argument too many.`);
    return await command.run(args, terminal);
  } catch (error) {
    return report(error, path, argv.includes('--json'), terminal);
  }
}

function asksForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  const own = end === -1 ? argv : argv.slice(0, end);
  return own.includes('--help') || own.includes('-h');
}

function report(error: unknown, path: string, json: boolean, terminal: Terminal): number {
  if (!(error instanceof UsageError || error instanceof CommandFailed)) throw error;
  const exitCode = error instanceof UsageError ? EXIT.usage : error.exitCode;
  if (json) {
    const detail = error instanceof CommandFailed ? error.detail : undefined;
    terminal.err(JSON.stringify({ error: { message: error.message, exitCode, detail } }));
  } else if (error instanceof UsageError) {
    terminal.err(`${error.message} Try ${PROGRAM} ${path} --help`);
  } else {
    terminal.err(error.message);
  }
  return exitCode;
}

function help(
  topic: readonly string[],
  asCommand: boolean,
  entries: readonly (Command | CommandGroup)[],
  terminal: Terminal,
): Promise<number> | number {
  // `help publish` is what people type; it is `publish --help`.
  if (asCommand && topic.length > 0) return run([...topic, '--help'], entries, '', terminal);
  terminal.out(programHelp(entries, terminal.paint));
  return EXIT.ok;
}

function wrongUsage(
  what: string,
  typed: string,
  candidates: readonly { readonly name: string }[],
  path: string,
  terminal: Terminal,
): number {
  const names = candidates.map(({ name }) => name);
  const guess = typed.startsWith('-') ? '' : didYouMean(typed, names);
  terminal.err(`${what}${guess || '.'} Try ${path} --help`);
  return EXIT.usage;
}
