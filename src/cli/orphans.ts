import { ADMIN, JSON_OUTPUT, type Command, type CommandGroup } from './command.ts';
import { EXIT } from './exit.ts';
import { adminClient } from './subscriptions.ts';
import { table } from './table.ts';

/** What the commands read of `GET /admin/orphans`. */
interface OrphanView {
  readonly subscriptionId: string;
  readonly sources: readonly string[];
}

export function orphansGroup(): CommandGroup {
  return {
    name: 'orphans',
    summary: 'See and end what brokers keep for subscriptions that the registry does not know',
    commands: [list, remove],
  };
}

const list: Command = {
  name: 'list',
  summary: 'List them with the sources that keep something for them',
  operands: '',
  count: { min: 0, max: 0 },
  options: { ...ADMIN, ...JSON_OUTPUT },
  examples: ['orphans list'],
  async run(args, terminal) {
    const { body } = await adminClient(args).get('/admin/orphans');
    if (args.flag('json')) {
      terminal.out(JSON.stringify(body));
      return EXIT.ok;
    }
    const { items } = body as { items: readonly OrphanView[] };
    if (items.length === 0) terminal.out('No orphans.');
    const rows = items.map(({ subscriptionId, sources }) => [subscriptionId, sources.join(', ')]);
    if (rows.length > 0) for (const line of table([['SUBSCRIPTION', 'SOURCES'], ...rows])) terminal.out(line);
    return EXIT.ok;
  },
};

const remove: Command = {
  name: 'remove',
  summary: 'End them: queues, positions and what waits in them are gone',
  operands: '<subscription id>...',
  count: { min: 1, max: Infinity },
  options: { ...ADMIN },
  examples: ['orphans remove 3f2c...'],
  async run(args, terminal) {
    for (const id of args.positionals) {
      await adminClient(args).delete(`/admin/orphans/${encodeURIComponent(id)}`);
      terminal.out(id);
    }
    return EXIT.ok;
  },
};
