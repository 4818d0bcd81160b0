import { readFileSync } from 'node:fs';
import type { Command, CommandGroup } from './command.ts';
import { deadLettersGroup } from './dead-letters.ts';
import { demoCommand } from './demo.ts';
import { healthCommand, type FindAdmin } from './health.ts';
import { listenCommand } from './listen.ts';
import { orphansGroup } from './orphans.ts';
import { publishCommand, type Samples } from './publish.ts';
import { run } from './run.ts';
import { serveCommand, type Boot } from './serve.ts';
import { subscriptionsGroup } from './subscriptions.ts';
import { processTerminal } from './terminal.ts';

export interface ProgramParts {
  /** The file that this process was started with: the demo starts its gateway with it. */
  readonly entry: string;
  readonly boot: Boot;
  readonly findAdmin: FindAdmin;
}

/** Runs the command that `argv` (without Node and the file) names; resolves with the exit code. */
export function runProgram(argv: readonly string[], parts: ProgramParts): Promise<number> {
  return run(argv, commandsOf(parts), version(), processTerminal());
}

export function commandsOf({ entry, boot, findAdmin }: ProgramParts): readonly (Command | CommandGroup)[] {
  return [
    serveCommand(boot),
    healthCommand(findAdmin),
    listenCommand,
    publishCommand(loadSamples),
    subscriptionsGroup(),
    deadLettersGroup(),
    orphansGroup(),
    demoCommand(entry),
  ];
}

/** Large, and needed by `publish` alone. */
async function loadSamples(): Promise<Samples> {
  const [{ createCatalogue }, { catalogueRows }, { sampleEvent }] = await Promise.all([
    import('../tmf/catalogue.ts'),
    import('../tmf/catalogue.data.ts'),
    import('../tmf/sample.ts'),
  ]);
  const catalogue = createCatalogue(catalogueRows);
  return { catalogue, sample: (eventType, options) => sampleEvent(catalogue, eventType, options) };
}

function version(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
