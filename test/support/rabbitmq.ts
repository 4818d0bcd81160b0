import amqp from 'amqplib';
import { whatIsWrong } from '../../scripts/services/rabbitmq-probe.ts';
import { rabbitmqctl, type Control } from '../../scripts/services/rabbitmq.ts';
import { sharedService } from './shared-service.ts';

interface Shared {
  readonly url: string;
  /** As `rabbitmqctl`; rejects for one that the environment names, for it may be anywhere. */
  ctl(...args: string[]): Promise<string>;
}

/**
 * The server that TMF_HUB_RABBITMQ_URL names, or else one that the whole run shares, started for the first test that
 * asks. Rejects with the reason when there is none. Others use the same one now: take names of your own (`uniqueName`,
 * `forgetEverythingOf`), and never stop it. On a machine that fetches it first it takes half a minute: ask in
 * `beforeAll` with a timeout of 120 s.
 */
export async function sharedRabbitmq(): Promise<Shared> {
  const named = process.env['TMF_HUB_RABBITMQ_URL'];
  if (!named) {
    const { url, control } = await sharedService<{ url: string; control: Control }>('rabbitmq');
    return { url, ctl: (...args) => rabbitmqctl(control, args) };
  }
  const wrong = await whatIsWrong(named);
  if (wrong !== undefined) throw new Error(`TMF_HUB_RABBITMQ_URL does not answer: ${wrong}`);
  return { url: named, ctl: () => Promise.reject(new Error('rabbitmqctl needs a server of this run')) };
}

/** Of a gateway with this name: its exchanges, its queues and those of these subscriptions, and of sources `sources`. */
export async function forgetEverythingOf(
  prefix: string,
  names: { subscriptions?: Iterable<string>; sources?: Iterable<string> } = {},
): Promise<void> {
  const { url } = await sharedRabbitmq();
  const connection = await amqp.connect(url);
  try {
    const channel = await connection.createChannel();
    const own = ['events', 'subscriptions', 'dead-letters', 'dead-lettered', ...(names.subscriptions ?? [])];
    await Promise.all(own.map((name) => channel.deleteQueue(`${prefix}.${name}`)));
    const exchanges = ['intake', 'dlx', 'replicas'].map((name) => `${prefix}.${name}`);
    await Promise.all([...exchanges, ...(names.sources ?? [])].map((name) => channel.deleteExchange(name)));
  } finally {
    await connection.close();
  }
}
