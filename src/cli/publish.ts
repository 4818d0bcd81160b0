import { randomUUID } from 'node:crypto';
import type { Catalogue } from '../tmf/catalogue.ts';
import type { SampleOptions } from '../tmf/sample.ts';
import type { Arguments } from './arguments.ts';
import { GATEWAY, JSON_OUTPUT, type Command } from './command.ts';
import { describe } from './event-facts.ts';
import { readEvents } from './event-input.ts';
import { CommandFailed, EXIT, UsageError } from './exit.ts';
import { GatewayClient } from './gateway-client.ts';
import { eventPath } from './hub-path.ts';
import { didYouMean } from './nearest.ts';
import { table } from './table.ts';
import type { Terminal } from './terminal.ts';

/** What `publish` needs of the TM Forum knowledge; loaded only when it is asked for, as it is large. */
export interface Samples {
  readonly catalogue: Catalogue;
  /** A sample event of a type; undefined when no API (or not the one asked for) has it. */
  readonly sample: (eventType: string, options: SampleOptions) => object | undefined;
}

export function publishCommand(loadSamples: () => Promise<Samples>): Command {
  return {
    name: 'publish',
    summary: 'Publish events: from a file, from stdin, or a built-in sample',
    operands: '[file|-]',
    count: { min: 0, max: 1 },
    options: {
      type: { type: 'string', short: 't', value: '<event type>', text: 'a sample event of this type' },
      api: { type: 'string', value: '<TMFnnn>', text: 'as an event of this API, e.g. TMF622' },
      base: { type: 'string', value: '<base path>', text: 'publish below this API base path' },
      count: {
        type: 'string',
        short: 'n',
        value: '<n>',
        text: 'so many, each with an id of its own',
        fallback: '1',
      },
      types: { type: 'boolean', text: 'list the event types that are known; an argument filters them' },
      ...GATEWAY,
      ...JSON_OUTPUT,
    },
    examples: [
      'publish --type ProductOrderCreateEvent',
      'publish --type ProductOrderCreateEvent --api TMF622 --count 10',
      'publish order.json --base /tmf-api/productOrderingManagement/v4',
      'publish --types order',
      'publish - < events.jsonl',
    ],
    notes: [
      'A file holds one event, an array of events, or one event per line. Prints the id of each published event.',
    ],
    async run(args, terminal) {
      if (args.flag('types')) return listTypes(await loadSamples(), args, terminal);
      const client = new GatewayClient(args.text('gateway') ?? '');
      const target = await targetPath(args, loadSamples);
      for (const event of await eventsOf(args, terminal, loadSamples)) {
        const { body } = await client.postText(target, event);
        report(body, args, terminal);
      }
      return EXIT.ok;
    },
  };
}

/** What is to be sent, as JSON texts: what a user wrote is not reformatted unless it has to change. */
async function eventsOf(
  args: Arguments,
  terminal: Terminal,
  loadSamples: () => Promise<Samples>,
): Promise<readonly string[]> {
  const count = args.whole('count', { min: 1, max: 1_000_000 }) ?? 1;
  const type = args.text('type');
  const file = args.positionals[0];
  if ((type === undefined) === (file === undefined)) {
    throw new UsageError('Say what to publish: a file, - for stdin, or --type <event type> for a sample.');
  }
  if (file === undefined) {
    const samples = await loadSamples();
    return Array.from({ length: count }, () =>
      JSON.stringify(sampleOf(type ?? '', args.text('api'), samples)),
    );
  }
  const events = await readEvents(file, terminal);
  if (count === 1) return events;
  return Array.from({ length: count }, () =>
    events.map((text) => JSON.stringify({ ...(JSON.parse(text) as object), eventId: randomUUID() })),
  ).flat();
}

function sampleOf(type: string, api: string | undefined, { catalogue, sample }: Samples): object {
  const event = sample(type, { ...(api !== undefined && { api }), id: randomUUID, now: new Date() });
  if (event !== undefined) return event;
  const known = api === undefined ? [...catalogue.knownEventTypes.values()] : catalogue.eventTypesOf(api);
  const who = api === undefined ? 'No API has an' : `${api} has no`;
  const guess = didYouMean(type, known) || '.';
  throw new UsageError(`${who} event type ${type}${guess} The list: tmf-hub-gateway publish --types.`);
}

async function targetPath(args: Arguments, loadSamples: () => Promise<Samples>): Promise<string> {
  const base = args.text('base');
  const api = args.text('api');
  if (base !== undefined && api !== undefined) throw new UsageError('Say either --api or --base, not both.');
  if (api === undefined) return eventPath(base ?? '');
  const { hubs } = (await loadSamples()).catalogue;
  const newest = hubs.filter((hub) => hub.api === api).sort((a, b) => b.major - a.major)[0];
  if (newest === undefined) {
    const guess = didYouMean(
      api,
      hubs.map((hub) => hub.api),
    );
    throw new UsageError(`There is no API ${api}${guess || '.'} An API is written like TMF622.`);
  }
  return eventPath(newest.basePath);
}

function report(body: unknown, args: Arguments, terminal: Terminal): void {
  const { eventId, eventType, entity, resourceId } = describe(JSON.stringify(body));
  if (eventId === undefined) {
    throw new CommandFailed('The gateway took the event, but named no event id.', EXIT.failed, body);
  }
  if (args.flag('json')) {
    terminal.out(JSON.stringify({ eventId, eventType, entity, resourceId }));
    return;
  }
  const what = [eventType, entity, resourceId].filter((part) => part !== undefined).join(' ');
  terminal.out(`${eventId}  ${terminal.paint('dim', what)}`);
}

function listTypes({ catalogue }: Samples, args: Arguments, terminal: Terminal): number {
  const filter = (args.positionals[0] ?? '').toLowerCase();
  const types = [...catalogue.knownEventTypes.values()]
    .map((type) => ({ type, apis: catalogue.apisOfType(type) }))
    .filter(({ type, apis }) => `${type} ${apis.join(' ')}`.toLowerCase().includes(filter))
    .sort((a, b) => a.type.localeCompare(b.type));
  if (args.flag('json')) terminal.out(JSON.stringify(types));
  else for (const line of table(types.map(({ type, apis }) => [type, apis.join(' ')]))) terminal.out(line);
  if (types.length > 0) return EXIT.ok;
  if (!args.flag('json')) terminal.err(`No known event type contains '${filter}'.`);
  return EXIT.failed;
}
