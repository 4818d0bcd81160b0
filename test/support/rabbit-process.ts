import { randomUUID } from 'node:crypto';
import { RabbitBroker } from '../../src/brokers/rabbitmq/rabbit-broker.ts';
import type { RabbitOptions } from '../../src/brokers/rabbitmq/rabbit-options.ts';
import { silentLogger } from '../../src/logger.ts';
import { systemClock as clock } from '../../src/time.ts';
import { MemoryNotes } from './memory-notes.ts';
import { TcpProxy } from './tcp-proxy.ts';

export interface RabbitProcessSettings extends Partial<Omit<RabbitOptions, 'address'>> {
  readonly url: string;
  readonly prefix: string;
  readonly exchanges: readonly string[];
  readonly heartbeatSeconds?: number;
}

/** The RabbitMQ driver as a process of its own would have it, which can be killed and cut off. */
export class RabbitProcess {
  readonly broker: RabbitBroker;
  readonly proxy: TcpProxy;

  private constructor(broker: RabbitBroker, proxy: TcpProxy) {
    this.broker = broker;
    this.proxy = proxy;
  }

  static async start({
    url,
    heartbeatSeconds = 30,
    ...settings
  }: RabbitProcessSettings): Promise<RabbitProcess> {
    const address = new URL(url);
    const proxy = await TcpProxy.to({ host: address.hostname, port: Number(address.port || 5672) });
    address.hostname = '127.0.0.1';
    address.port = `${proxy.port}`;
    const broker = new RabbitBroker({
      ...{
        name: 'rabbitmq',
        declare: true,
        routingKeys: (types) => (types ? [...types] : ['#']),
        routingKeyOf: (eventType) => eventType,
        prefetch: 256,
        prefetchBytes: 64 << 20,
      },
      publish: { waitMs: 10_000, queueBytes: 64 << 20 },
      events: { maxAgeMs: 86_400_000, maxBytes: 1 << 30 },
      tables: { deadLetters: { maxBytes: 12 << 20, keepMs: 86_400_000 } },
      ...{
        notes: new MemoryNotes(),
        attemptTimeoutMs: 2_000,
        newId: () => randomUUID(),
        random: Math.random,
        clock,
        logger: silentLogger,
      },
      ...settings,
      address: { url: address.toString(), heartbeatSeconds },
    });
    return new RabbitProcess(broker, proxy);
  }

  /** kill -9: RabbitMQ sees its connections end, and nothing of it is heard any more. */
  kill(): void {
    this.proxy.cut();
  }

  /** Leaves nothing behind in this process. */
  async end(): Promise<void> {
    await this.broker.stop().catch(() => undefined);
    await this.proxy.close();
  }
}
