import type { Arguments } from './arguments.ts';
import { ADMIN, GATEWAY, JSON_OUTPUT, type Command, type CommandGroup } from './command.ts';
import { CommandFailed, EXIT, UsageError } from './exit.ts';
import { GatewayClient, withQuery } from './gateway-client.ts';
import { hubPath, registrationOf } from './hub-path.ts';
import { subscriptionReplay } from './subscription-replay.ts';
import { plain, sheet, table } from './table.ts';
import type { Terminal } from './terminal.ts';

/** What the commands read of `GET /admin/subscriptions`. */
interface SubscriptionView {
  readonly id: string;
  readonly callback: string;
  readonly query: string;
  readonly profile: string;
  readonly scope: { readonly basePath: string };
  readonly state: string;
  readonly circuit: string;
  readonly lag: number;
  readonly waitingRetry: number;
  readonly lost: number;
}

export function adminClient(args: Arguments): GatewayClient {
  return new GatewayClient(args.text('admin') ?? '', args.text('token'));
}

function gatewayClient(args: Arguments): GatewayClient {
  return new GatewayClient(args.text('gateway') ?? '');
}

const path = (id: string | undefined, rest = '') =>
  `/admin/subscriptions/${encodeURIComponent(id ?? '')}${rest}`;

export function subscriptionsGroup(): CommandGroup {
  return {
    name: 'subscriptions',
    summary: 'See and change who is registered',
    commands: [
      list,
      show,
      add,
      remove,
      stateChange('pause'),
      stateChange('resume'),
      subscriptionReplay,
      explain,
    ],
  };
}

const list: Command = {
  name: 'list',
  summary: 'List the subscriptions with their state',
  operands: '',
  count: { min: 0, max: 0 },
  options: { ...ADMIN, ...JSON_OUTPUT },
  examples: ['subscriptions list', 'subscriptions list --json'],
  async run(args, terminal) {
    const { body } = await adminClient(args).get('/admin/subscriptions');
    if (args.flag('json')) {
      terminal.out(JSON.stringify(body));
      return EXIT.ok;
    }
    const { items } = body as { items: readonly SubscriptionView[] };
    if (items.length === 0) {
      terminal.out('No subscriptions. Add one by: tmf-hub-gateway subscriptions add <callback>');
      return EXIT.ok;
    }
    const heading = [
      'ID',
      'STATE',
      'CIRCUIT',
      'LAG',
      'RETRYING',
      'LOST',
      'PROFILE',
      'HUB',
      'QUERY',
      'CALLBACK',
    ];
    const rows = items.map((item) => [
      item.id,
      coloured(item.state, 'active', terminal),
      coloured(item.circuit, 'closed', terminal),
      String(item.lag),
      String(item.waitingRetry),
      String(item.lost),
      item.profile,
      hubPath(item.scope.basePath),
      plain(item.query),
      item.callback,
    ]);
    for (const line of table([heading, ...rows])) terminal.out(line);
    return EXIT.ok;
  },
};

const show: Command = {
  name: 'show',
  summary: 'Show one subscription: state, circuit, lag, positions',
  operands: '<id>',
  count: { min: 1, max: 1 },
  options: { ...ADMIN, ...JSON_OUTPUT },
  examples: ['subscriptions show 3f2c...'],
  async run(args, terminal) {
    const { body } = await adminClient(args).get(path(args.positionals[0]));
    print(body, args, terminal);
    return EXIT.ok;
  },
};

const add: Command = {
  name: 'add',
  summary: 'Register a callback at a hub',
  operands: '<callback>',
  count: { min: 1, max: 1 },
  options: {
    hub: {
      type: 'string',
      value: '<base path>',
      text: 'API base path; without it the hub of all APIs',
    },
    query: {
      type: 'string',
      value: '<query>',
      text: 'which events, e.g. eventType=ProductOrderStateChangeEvent',
    },
    profile: { type: 'string', value: '<name>', text: "how events are sent; without it the hub's" },
    secret: { type: 'string', value: '<whsec_...>', text: 'sign what is sent with it (Standard Webhooks)' },
    ...GATEWAY,
    ...JSON_OUTPUT,
  },
  examples: [
    'subscriptions add http://127.0.0.1:9000/events',
    'subscriptions add http://127.0.0.1:9000/orders --hub /tmf-api/productOrderingManagement/v4 ' +
      '--query eventType=ProductOrderStateChangeEvent',
    'subscriptions add https://crm.example.com/events --profile strict-v4 ' +
      '--secret whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  ],
  async run(args, terminal) {
    const { body } = await gatewayClient(args).post(hubPath(args.text('hub') ?? ''), {
      callback: args.positionals[0],
      ...registrationOf(args),
    });
    if (args.flag('json')) terminal.out(JSON.stringify(body));
    else terminal.out((body as { id: string }).id);
    return EXIT.ok;
  },
};

const remove: Command = {
  name: 'remove',
  summary: 'End subscriptions: their events are no longer kept',
  operands: '<id>...',
  count: { min: 1, max: Infinity },
  options: {
    hub: {
      type: 'string',
      value: '<base path>',
      text: 'where it was registered; else the admin port is asked',
    },
    ...GATEWAY,
    ...ADMIN,
  },
  examples: ['subscriptions remove 3f2c...'],
  async run(args, terminal) {
    const hub = args.text('hub');
    for (const id of args.positionals) {
      // A subscription is deleted at the hub that it was made at.
      const at = hub ?? ((await adminClient(args).get(path(id))).body as SubscriptionView).scope.basePath;
      await gatewayClient(args).delete(`${hubPath(at)}/${encodeURIComponent(id)}`);
      terminal.out(id);
    }
    return EXIT.ok;
  },
};

function stateChange(action: 'pause' | 'resume'): Command {
  return {
    name: action,
    summary: action === 'pause' ? 'Hold the events of a subscription' : 'Let a held subscription go on',
    operands: '<id>',
    count: { min: 1, max: 1 },
    options: { ...ADMIN, ...JSON_OUTPUT },
    examples: [`subscriptions ${action} 3f2c...`],
    async run(args, terminal) {
      const { body } = await adminClient(args).post(path(args.positionals[0], `/${action}`));
      if (args.flag('json')) print(body, args, terminal);
      else terminal.out((body as SubscriptionView).state);
      return EXIT.ok;
    },
  };
}

const explain: Command = {
  name: 'explain',
  summary: 'Say what became of an event for a subscription, and why',
  operands: '<id> <event id>',
  count: { min: 2, max: 2 },
  options: { ...ADMIN, ...JSON_OUTPUT },
  examples: ['subscriptions explain 3f2c... 6d1e...'],
  async run(args, terminal) {
    const [id, eventId] = args.positionals;
    if (eventId === '') throw new UsageError('The event id is empty.');
    const { body } = await adminClient(args).get(withQuery(path(id, '/explain'), { eventId }));
    if (args.flag('json')) {
      print(body, args, terminal);
      return EXIT.ok;
    }
    const { verdict, reason } = body as { verdict?: string; reason?: string };
    if (verdict === undefined) throw new CommandFailed('The gateway gave no explanation.', EXIT.failed, body);
    terminal.out(`${terminal.paint('bold', verdict)}: ${reason ?? ''}`);
    return EXIT.ok;
  },
};

/** An answer as it is with `--json`, else one fact a line. */
function print(body: unknown, args: Arguments, terminal: Terminal): void {
  if (args.flag('json')) terminal.out(JSON.stringify(body));
  else for (const line of sheet(Object.entries(body as object))) terminal.out(line);
}

function coloured(word: string, good: string, terminal: Terminal): string {
  return terminal.paint(word === good ? 'green' : 'yellow', word);
}
