import type { Arguments, Options } from './arguments.ts';
import { ADMIN, JSON_OUTPUT, type Command, type CommandGroup } from './command.ts';
import { EXIT, UsageError } from './exit.ts';
import { readJson } from './event-input.ts';
import { withQuery } from './gateway-client.ts';
import { adminClient } from './subscriptions.ts';
import { showDeadLetter, type DeadLetterView } from './dead-letter-view.ts';
import { plain, table } from './table.ts';
import type { Terminal } from './terminal.ts';

export function deadLettersGroup(): CommandGroup {
  return {
    name: 'dead-letters',
    summary: 'See the events that could not be delivered, and send them again',
    commands: [list, show, replay, discard],
  };
}

const FILTERS: Options = {
  subscription: { type: 'string', value: '<id>', text: 'only of this subscription' },
  reason: {
    type: 'string',
    value: '<reason>',
    text: 'only exhausted, rejected, unreadable, too-large or expired',
  },
  'event-type': { type: 'string', value: '<type>', text: 'only of this event type' },
  since: { type: 'string', value: '<time>', text: 'dead since this time, or this long ago (30m)' },
  until: { type: 'string', value: '<time>', text: 'dead before this time' },
  'event-id': { type: 'string', value: '<id>', text: 'only of this event' },
  correlation: { type: 'string', value: '<id>', text: 'only with this correlation id' },
};

const path = (id: string | undefined, rest = '') =>
  `/admin/dead-letters/${encodeURIComponent(id ?? '')}${rest}`;

function filterOf(args: Arguments): Record<string, string | undefined> {
  const now = Date.now();
  return {
    subscriptionId: args.text('subscription'),
    reason: args.text('reason'),
    eventType: args.text('event-type'),
    since: args.time('since', now),
    until: args.time('until', now),
    eventId: args.text('event-id'),
    correlationId: args.text('correlation'),
    state: args.text('state'),
  };
}

const GROUPS: Readonly<Record<string, string>> = {
  reason: 'reason',
  subscription: 'subscriptionId',
  'event-type': 'eventType',
};

const list: Command = {
  name: 'list',
  summary: 'List dead letters, the newest first, or count them',
  operands: '',
  count: { min: 0, max: 0 },
  options: {
    ...FILTERS,
    state: { type: 'string', value: '<state>', text: 'open, replayed or discarded; default open' },
    'group-by': { type: 'string', value: '<what>', text: 'count by reason, subscription or event-type' },
    limit: { type: 'string', value: '<n>', text: 'at most so many', fallback: '50' },
    offset: { type: 'string', value: '<n>', text: 'leave out the first n', fallback: '0' },
    ...ADMIN,
    ...JSON_OUTPUT,
  },
  examples: [
    'dead-letters list',
    'dead-letters list --reason exhausted --since 2h',
    'dead-letters list --group-by reason --json',
  ],
  async run(args, terminal) {
    const groupBy = args.text('group-by');
    return groupBy === undefined ? listItems(args, terminal) : listCounts(groupBy, args, terminal);
  },
};

async function listItems(args: Arguments, terminal: Terminal): Promise<number> {
  const limit = args.whole('limit', { min: 1, max: 1000 });
  const offset = args.whole('offset', { min: 0, max: Number.MAX_SAFE_INTEGER });
  const { body } = await adminClient(args).get(
    withQuery('/admin/dead-letters', { ...filterOf(args), limit, offset }),
  );
  if (args.flag('json')) {
    terminal.out(JSON.stringify(body));
    return EXIT.ok;
  }
  const { items, total } = body as { items: readonly DeadLetterView[]; total: number };
  const heading = ['ID', 'DEAD AT', 'REASON', 'STATE', 'EVENT TYPE', 'EVENT ID', 'RETRIES', 'CALLBACK'];
  const rows = items.map((letter) => [
    letter.id,
    letter.deadAt,
    letter.reason,
    terminal.paint(letter.state === 'open' ? 'red' : 'dim', letter.state),
    plain(letter.eventType),
    plain(letter.eventId),
    String(letter.retryCount),
    plain(letter.callback),
  ]);
  if (rows.length > 0) for (const line of table([heading, ...rows])) terminal.out(line);
  terminal.out(total === 0 ? 'No dead letters.' : `${items.length} of ${total}`);
  return EXIT.ok;
}

async function listCounts(groupBy: string, args: Arguments, terminal: Terminal): Promise<number> {
  const attribute = GROUPS[groupBy];
  if (attribute === undefined) {
    throw new UsageError(`--group-by is one of ${Object.keys(GROUPS).join(', ')}, not '${groupBy}'.`);
  }
  const query = withQuery('/admin/dead-letters', { ...filterOf(args), groupBy: attribute });
  const { body } = await adminClient(args).get(query);
  if (args.flag('json')) {
    terminal.out(JSON.stringify(body));
    return EXIT.ok;
  }
  const { counts, total } = body as { counts: Readonly<Record<string, number>>; total: number };
  const rows = Object.entries(counts).map(([name, n]) => [name, String(n)]);
  for (const line of table([...rows, ['total', String(total)]])) terminal.out(line);
  return EXIT.ok;
}

const show: Command = {
  name: 'show',
  summary: 'Show one dead letter: every attempt, where it came from, the event itself',
  operands: '<id>',
  count: { min: 1, max: 1 },
  options: { ...ADMIN, ...JSON_OUTPUT },
  examples: ['dead-letters show 9b1d...'],
  async run(args, terminal) {
    const { body } = await adminClient(args).get(path(args.positionals[0]));
    if (args.flag('json')) terminal.out(JSON.stringify(body));
    else for (const line of showDeadLetter(body as DeadLetterView, terminal.paint)) terminal.out(line);
    return EXIT.ok;
  },
};

const replay: Command = {
  name: 'replay',
  summary: 'Send dead letters again',
  operands: '[id...]',
  count: { min: 0, max: Infinity },
  options: {
    all: { type: 'boolean', text: 'all open ones that match the filters' },
    body: { type: 'string', value: '<file|->', text: 'send this corrected event instead (one id only)' },
    ...FILTERS,
    ...ADMIN,
    ...JSON_OUTPUT,
  },
  examples: [
    'dead-letters replay 9b1d...',
    'dead-letters replay 9b1d... --body corrected.json',
    'dead-letters replay --all --reason exhausted',
  ],
  async run(args, terminal) {
    const ids = args.positionals;
    const filter = Object.fromEntries(
      Object.entries(filterOf(args)).filter(([, value]) => value !== undefined),
    );
    const all = args.flag('all');
    if (all === ids.length > 0) throw new UsageError('Name the dead letters by id, or say --all.');
    if (!all && Object.keys(filter).length > 0) throw new UsageError('Filters go with --all, not with ids.');
    const file = args.text('body');
    if (file !== undefined && ids.length !== 1) throw new UsageError('--body goes with exactly one id.');
    return all ? replayAll(filter, args, terminal) : replayEach(ids, file, args, terminal);
  },
};

async function replayAll(filter: object, args: Arguments, terminal: Terminal): Promise<number> {
  const { body } = await adminClient(args).post('/admin/dead-letters/replay', { filter });
  if (args.flag('json')) {
    terminal.out(JSON.stringify(body));
    return EXIT.ok;
  }
  const { accepted, byReason } = body as { accepted: number; byReason: Readonly<Record<string, number>> };
  const reasons = Object.entries(byReason).map(([reason, n]) => `${n} ${reason}`);
  terminal.out(`${accepted} on their way again${reasons.length === 0 ? '' : ` (${reasons.join(', ')})`}.`);
  return EXIT.ok;
}

async function replayEach(
  ids: readonly string[],
  file: string | undefined,
  args: Arguments,
  terminal: Terminal,
): Promise<number> {
  const corrected = file === undefined ? undefined : await readJson(file, terminal);
  const client = adminClient(args);
  for (const id of ids) {
    const target = path(id, '/replay');
    const { body } = await (corrected === undefined
      ? client.post(target)
      : client.postText(target, corrected));
    terminal.out(args.flag('json') ? JSON.stringify(body) : id);
  }
  return EXIT.ok;
}

const discard: Command = {
  name: 'discard',
  summary: 'Give dead letters up: they are never sent again',
  operands: '<id>...',
  count: { min: 1, max: Infinity },
  options: ADMIN,
  examples: ['dead-letters discard 9b1d...'],
  async run(args, terminal) {
    for (const id of args.positionals) {
      await adminClient(args).delete(path(id));
      terminal.out(id);
    }
    return EXIT.ok;
  },
};
