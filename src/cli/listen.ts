import { secretProblem } from '../webhook-signature.ts';
import type { Arguments } from './arguments.ts';
import { GATEWAY, JSON_OUTPUT, type Command } from './command.ts';
import { CommandFailed, EXIT, UsageError } from './exit.ts';
import { GatewayClient } from './gateway-client.ts';
import { hubPath, registrationOf } from './hub-path.ts';
import { openListener, type Listener, type Received } from './listener.ts';
import { signatureProblem } from './signature-check.ts';
import type { Terminal } from './terminal.ts';
import { setTimeout as wait } from 'node:timers/promises';

export const listenCommand: Command = {
  name: 'listen',
  summary: 'A listener to try with: prints the events that arrive',
  operands: '',
  count: { min: 0, max: 0 },
  options: {
    port: { type: 'string', short: 'p', value: '<n>', text: 'port, 0 = any free one', fallback: '0' },
    host: { type: 'string', value: '<address>', text: 'address to listen on', fallback: '127.0.0.1' },
    path: { type: 'string', value: '<path>', text: 'path of the callback; others are answered 404' },
    status: { type: 'string', value: '<code>', text: 'answer this', fallback: '204' },
    times: { type: 'string', value: '<n>', text: 'only to the first n requests; 204 afterwards' },
    delay: { type: 'string', value: '<duration>', text: 'answer only after so long, e.g. 2s' },
    register: {
      type: 'string',
      value: '<base path>',
      text: 'register at the hub of this API base path; / is the hub of all APIs',
    },
    query: { type: 'string', value: '<query>', text: 'with --register: which events' },
    profile: {
      type: 'string',
      value: '<name>',
      text: 'with --register: how events are sent (no --path where it appends to the callback)',
    },
    secret: {
      type: 'string',
      value: '<whsec_...>',
      text: 'answer 401 to what is not signed with it; with --register: have it signed',
    },
    cleanup: { type: 'boolean', text: 'with --register: end the subscription when the listener ends' },
    'exit-after': { type: 'string', value: '<n>', text: 'end after n events were accepted' },
    ...GATEWAY,
    ...JSON_OUTPUT,
  },
  examples: [
    'listen --port 9000',
    'listen --register /tmf-api/productOrderingManagement/v4 --query eventType=ProductOrderCreateEvent --cleanup',
    'listen --port 9000 --status 503 --times 3',
    'listen --port 9000 --delay 2s --json',
    'listen --register / --profile strict-v4 --secret whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw --cleanup',
  ],
  notes: ['Ends on Ctrl-C. With --json each line on stdout is one JSON document.'],
  async run(args, terminal) {
    const behaviour = behaviourOf(args);
    // Asked for before the start, so that a signal during the start is not lost.
    const { stopped } = terminal;
    const printer = args.flag('json') ? jsonPrinter(terminal) : textPrinter(terminal);
    const enough = Promise.withResolvers<undefined>();
    const listener = await open(behaviour, printer, () => enough.resolve(undefined));
    try {
      const callback = `${listener.origin}${behaviour.path ?? '/'}`;
      const hub = args.text('register');
      const registration = hub === undefined ? undefined : await register(hub, callback, args);
      printer.listening(callback, registration?.id);
      await Promise.race([stopped, enough.promise]);
      if (registration !== undefined && args.flag('cleanup')) await registration.end();
    } finally {
      await listener.close();
    }
    return EXIT.ok;
  },
};

interface Behaviour {
  readonly port: number;
  readonly host: string;
  readonly path: string | undefined;
  readonly status: number;
  readonly times: number;
  readonly delayMs: number;
  readonly exitAfter: number;
  readonly secret: string | undefined;
}

function behaviourOf(args: Arguments): Behaviour {
  const goWithRegister = args.flag('cleanup') || (args.text('query') ?? args.text('profile')) !== undefined;
  if (args.text('register') === undefined && goWithRegister) {
    throw new UsageError('--query, --profile and --cleanup go with --register.');
  }
  const path = args.text('path');
  if (path !== undefined && !path.startsWith('/'))
    throw new UsageError(`--path starts with a slash: /${path}`);
  const secret = args.text('secret');
  const problem = secret === undefined ? undefined : secretProblem(secret);
  if (problem !== undefined) throw new UsageError(`--secret ${problem}.`);
  const count = { min: 1, max: Number.MAX_SAFE_INTEGER };
  return {
    port: args.whole('port', { min: 0, max: 65_535 }) ?? 0,
    host: args.text('host') ?? '127.0.0.1',
    path,
    status: args.whole('status', { min: 200, max: 599 }) ?? 204,
    times: args.whole('times', count) ?? Infinity,
    delayMs: args.duration('delay') ?? 0,
    exitAfter: args.whole('exit-after', count) ?? Infinity,
    secret,
  };
}

const SIGNED = 'signed';

async function open(behaviour: Behaviour, printer: Printer, enough: () => void): Promise<Listener> {
  const { host, port, path, status, times, delayMs, exitAfter, secret } = behaviour;
  let requests = 0;
  let accepted = 0;
  const verdict = (received: Received): string | undefined =>
    secret === undefined ? undefined : (signatureProblem(secret, received) ?? SIGNED);
  try {
    return await openListener({
      host,
      port,
      async answer(received) {
        if (path !== undefined && received.path !== path) return { status: 404 };
        const signature = verdict(received);
        if (signature !== undefined && signature !== SIGNED) return { status: 401, text: signature };
        requests += 1;
        const given = requests <= times ? status : 204;
        if (delayMs > 0) await wait(delayMs);
        return { status: given };
      },
      answered(received, given) {
        printer.event(received, given, verdict(received));
        if (given < 300 && ++accepted >= exitAfter) enough();
      },
    });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'EADDRINUSE' ? `port ${port} is in use` : message;
    throw new CommandFailed(`Cannot listen on ${host}: ${why}.`);
  }
}

async function register(hub: string, callback: string, args: Arguments) {
  const { gateway, base } = splitHub(hub, args.text('gateway') ?? '');
  const client = new GatewayClient(gateway);
  const { body } = await client.post(hubPath(base), { callback, ...registrationOf(args) });
  const { id } = body as { id: string };
  return { id, end: () => client.delete(`${hubPath(base)}/${encodeURIComponent(id)}`) };
}

/** `--register` takes a base path, or the whole URL of a hub. */
function splitHub(hub: string, gateway: string): { gateway: string; base: string } {
  if (!/^https?:\/\//.test(hub)) return { gateway, base: hub };
  if (!URL.canParse(hub)) throw new UsageError(`'${hub}' is no hub address.`);
  const { origin, pathname } = new URL(hub);
  return { gateway: origin, base: pathname };
}

interface Printer {
  listening(callback: string, subscriptionId: string | undefined): void;
  /** `signature`: what became of its check; undefined where none was asked for. */
  event(received: Received, status: number, signature: string | undefined): void;
}

function jsonPrinter(terminal: Terminal): Printer {
  return {
    listening: (callback, subscriptionId) =>
      terminal.out(JSON.stringify({ listening: callback, subscriptionId })),
    event: ({ at, text, ...received }, status, signature) => {
      const { earlier, ...facts } = received;
      const seenBefore = earlier.accepted > 0;
      const line = {
        at: new Date(at).toISOString(),
        status,
        signature,
        seenBefore,
        ...facts,
        earlier,
        body: parsed(text),
      };
      terminal.out(JSON.stringify(line));
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function textPrinter(terminal: Terminal): Printer {
  const { paint } = terminal;
  return {
    listening(callback, subscriptionId) {
      terminal.out(`Listening on ${paint('bold', callback)}`);
      if (subscriptionId !== undefined) terminal.out(`Registered as subscription ${subscriptionId}`);
      terminal.out(paint('dim', 'Ctrl-C ends it.'));
    },
    event(received, status, signature = '') {
      const { eventType, entity, resourceId, state, eventId, earlier, headers, text } = received;
      const good = status < 300;
      terminal.out(
        [
          paint('dim', new Date(received.at).toISOString().slice(11, 23)),
          paint(good ? 'green' : 'red', String(status)),
          paint('bold', eventType ?? `no TMF event (${Buffer.byteLength(text)} bytes)`),
          [entity, resourceId].filter(Boolean).join(' '),
          state === undefined ? '' : paint('cyan', state),
          signature === '' ? '' : paint(signature === SIGNED ? 'green' : 'red', signature),
          again(earlier),
        ]
          .filter((part) => part !== '')
          .join('  '),
      );
      terminal.out(paint('dim', `    event ${eventId ?? '-'}${attemptHeaders(headers)}`));
    },
  };
}

function again({ refused, accepted }: Received['earlier']): string {
  const times = (n: number) => (n === 1 ? 'once' : `${n} times`);
  if (accepted > 0) return `seen before, accepted ${times(accepted)}`;
  return refused > 0 ? `seen before, refused ${times(refused)}` : '';
}

/** Headers that say which attempt this is, and whether it is a replay. */
function attemptHeaders(headers: Received['headers']): string {
  return Object.entries(headers)
    .filter(([name]) => /^(webhook-id|x-correlation-id)$|attempt|replay|retry/.test(name))
    .map(([name, value]) => `  ${name}: ${value}`)
    .join('');
}
