import type { Arguments } from './arguments.ts';
import { ADMIN, JSON_OUTPUT, type Command } from './command.ts';
import { EXIT, UsageError } from './exit.ts';
import { GatewayClient } from './gateway-client.ts';

/** `subscriptions replay`: past events again, to one listener. */
export const subscriptionReplay: Command = {
  name: 'replay',
  summary: 'Deliver past events again to one subscription',
  operands: '<id>',
  count: { min: 1, max: 1 },
  options: {
    from: { type: 'string', value: '<time>', text: 'from this time on, or from this long ago (30m)' },
    'from-event': { type: 'string', value: '<event id>', text: 'from this event on' },
    'from-offset': {
      type: 'string',
      value: '<topic:partition=n>',
      text: 'from this offset of a partition on',
      multiple: true,
    },
    to: { type: 'string', value: '<time>', text: 'up to this time, not included; default now' },
    correlation: { type: 'string', value: '<id>', text: 'only events with this correlation id' },
    ...ADMIN,
    ...JSON_OUTPUT,
  },
  examples: [
    'subscriptions replay 3f2c... --from 2h',
    'subscriptions replay 3f2c... --from 2026-01-31T08:00:00Z --to 2026-01-31T09:00:00Z',
    'subscriptions replay 3f2c... --from-event 6d1e...',
  ],
  notes: [
    'The listener gets them beside its live events, marked by a header, with the ids of the first time.',
  ],
  async run(args, terminal) {
    const client = new GatewayClient(args.text('admin') ?? '', args.text('token'));
    const id = encodeURIComponent(args.positionals[0] ?? '');
    const { body } = await client.post(`/admin/subscriptions/${id}/replay`, range(args, Date.now()));
    if (args.flag('json')) terminal.out(JSON.stringify(body));
    else terminal.out(`Replay ${(body as { jobId: string }).jobId} is on its way.`);
    return EXIT.ok;
  },
};

function range(args: Arguments, now: number): object {
  const time = args.time('from', now);
  const eventId = args.text('from-event');
  const offsets = args.all('from-offset');
  const given = [time, eventId, offsets[0]].filter((value) => value !== undefined).length;
  if (given !== 1) throw new UsageError('Say where to start: one of --from, --from-event and --from-offset.');
  const to = args.time('to', now);
  const correlationId = args.text('correlation');
  const from = time ?? (eventId === undefined ? { offsets: parseOffsets(offsets) } : { eventId });
  return { from, ...(to !== undefined && { to }), ...(correlationId !== undefined && { correlationId }) };
}

function parseOffsets(typed: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    typed.map((text) => {
      const [, partition, offset] = /^(.+:\d+)=(\d+)$/.exec(text) ?? [];
      if (partition === undefined)
        throw new UsageError(`'${text}' is no offset, e.g. bss.ordering.events:0=42.`);
      return [partition, Number(offset)];
    }),
  );
}
