import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JSON_OUTPUT, type Command } from './command.ts';
import { startGatewayProcess } from './demo/gateway-process.ts';
import { Ledger } from './demo/ledger.ts';
import { narrator, silentNarrator, type Narrator } from './demo/narrator.ts';
import { play } from './demo/plot.ts';
import { Stage } from './demo/stage.ts';
import { summarise, summaryLines, type Summary } from './demo/summary.ts';
import { CommandFailed, EXIT } from './exit.ts';
import { journey } from './journey.ts';

/** `entry` is the file that starts the command line: the demo runs `serve` by it. */
export function demoCommand(entry: string): Command {
  return {
    name: 'demo',
    summary: 'Watch a sign-up travel through a real gateway while systems fail',
    operands: '',
    count: { min: 0, max: 0 },
    options: {
      pace: { type: 'string', value: '<duration>', text: 'pause after each event', fallback: '400ms' },
      ...JSON_OUTPUT,
    },
    examples: ['demo', 'demo --pace 1s', 'demo --json'],
    notes: [
      'Starts a gateway on free ports with its data in a temporary folder, and removes both at the end.',
      'Exit code 1 when an event was lost, doubled, out of order or not expected.',
    ],
    async run(args, terminal) {
      const json = args.flag('json');
      const { stopped } = terminal;
      const curtain = new AbortController();
      const interrupted = stopped.then((): 'interrupted' => {
        curtain.abort();
        return 'interrupted';
      });
      const teller = json ? silentNarrator : narrator(terminal, () => performance.now());
      const performed = perform(entry, teller, args.duration('pace') ?? 0, curtain.signal);
      const summary = await Promise.race([performed, interrupted]);
      if (summary === 'interrupted') {
        await performed.catch(() => undefined);
        return EXIT.interrupted;
      }
      teller.heading('What happened');
      if (json) terminal.out(JSON.stringify(summary));
      else for (const line of summaryLines(summary, terminal.paint)) terminal.out(line);
      return summary.ok ? EXIT.ok : EXIT.failed;
    },
  };
}

/** The whole play, from an empty folder to an empty folder. */
async function perform(
  entry: string,
  teller: Narrator,
  paceMs: number,
  signal: AbortSignal,
): Promise<Summary> {
  const start = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'tmf-hub-demo-'));
  try {
    teller.heading('The gateway starts');
    const gateway = await startGatewayProcess(entry, folder);
    teller.say('gateway', `runs at ${gateway.origin}, with an empty store and no service beside it`);
    const ledger = new Ledger();
    const stage = new Stage({ gateway, ledger, narrator: teller, paceMs, signal });
    let exitCode: number | null;
    let summary: Summary;
    try {
      await Promise.all(Object.values(stage.listeners).map((listener) => listener.open()));
      const tag = Date.now().toString(36).slice(-5);
      const findings = await Promise.race([play(stage, journey(tag, Date.now())), gateway.died]);
      const accounts = Object.values(stage.listeners).map(({ name }) => ledger.account(name));
      summary = summarise(ledger.publishedCount, accounts, findings, (performance.now() - start) / 1000);
    } finally {
      await stage.close();
      exitCode = await gateway.stop();
    }
    if (exitCode !== 0)
      throw new CommandFailed(`The gateway did not stop cleanly (exit code ${exitCode ?? 'none'}).`);
    return summary;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
