import type { Option, Options } from './arguments.ts';
import { isGroup, type Command, type CommandGroup } from './command.ts';
import type { Terminal } from './terminal.ts';

export const PROGRAM = 'tmf-hub-gateway';

type Paint = Terminal['paint'];

/** The help of the whole program. */
export function programHelp(entries: readonly (Command | CommandGroup)[], paint: Paint): string {
  return [
    `${paint('bold', PROGRAM)}: durable webhooks for every TM Forum Open API event.`,
    '',
    `Usage: ${PROGRAM} <command> [options]`,
    '',
    paint('bold', 'Commands'),
    ...columns(entries.map(({ name, summary }) => [name, summary])),
    '',
    paint('bold', 'Examples'),
    `  ${PROGRAM} serve`,
    `  ${PROGRAM} listen --register /tmf-api/productOrderingManagement/v4`,
    `  ${PROGRAM} publish --type ProductOrderCreateEvent`,
    `  ${PROGRAM} demo`,
    '',
    `Each command explains itself: ${PROGRAM} <command> --help`,
    'Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 no gateway answers.',
  ].join('\n');
}

export function groupHelp(group: CommandGroup, paint: Paint): string {
  return [
    `${group.summary}.`,
    '',
    `Usage: ${PROGRAM} ${group.name} <command> [options]`,
    '',
    paint('bold', 'Commands'),
    ...columns(group.commands.map(({ name, operands, summary }) => [`${name} ${operands}`.trim(), summary])),
    '',
    paint('bold', 'Examples'),
    ...group.commands.flatMap(({ examples }) => examples.slice(0, 1).map((line) => `  ${PROGRAM} ${line}`)),
  ].join('\n');
}

/** `path` is the command as typed, e.g. `subscriptions list`. */
export function commandHelp(path: string, command: Command, paint: Paint): string {
  const usage = [PROGRAM, path, command.operands, '[options]'].filter((word) => word !== '').join(' ');
  return [
    `${command.summary}.`,
    '',
    `Usage: ${usage}`,
    '',
    paint('bold', 'Options'),
    ...columns(optionRows({ ...command.options, help: { type: 'boolean', text: 'this text' } })),
    '',
    paint('bold', 'Examples'),
    ...command.examples.map((line) => `  ${PROGRAM} ${line}`),
    ...(command.notes === undefined ? [] : ['', ...command.notes]),
  ].join('\n');
}

/** Every command that `--help` can be asked of, as typed. */
export function commandPaths(entries: readonly (Command | CommandGroup)[]): string[] {
  return entries.flatMap((entry) =>
    isGroup(entry)
      ? [entry.name, ...entry.commands.map(({ name }) => `${entry.name} ${name}`)]
      : [entry.name],
  );
}

function optionRows(options: Options): [string, string][] {
  return Object.entries(options).map(([name, option]) => [
    `--${name}${option.type === 'string' ? ` ${option.value ?? '<value>'}` : ''}`,
    [option.text, remark(option)].filter((part) => part !== '').join(' '),
  ]);
}

function remark({ env, fallback, multiple }: Option): string {
  const parts = [
    multiple && 'repeatable',
    fallback !== undefined && `default ${fallback}`,
    env !== undefined && `environment ${env}`,
  ].filter((part) => typeof part === 'string');
  return parts.length === 0 ? '' : `(${parts.join(', ')})`;
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
