import type { Broker } from '../../src/brokers/broker.ts';
import { brokerContract, type BrokerSetting } from '../contracts/broker.ts';
import { MemoryNotes } from '../support/memory-notes.ts';
import { RabbitProcess } from '../support/rabbit-process.ts';
import { forgetEverythingOf, sharedRabbitmq } from '../support/rabbitmq.ts';
import { uniqueName } from '../support/shared-service.ts';

/** Several processes one after the other on one broker, with a name of their own. */
async function make(): Promise<BrokerSetting> {
  const { url } = await sharedRabbitmq();
  const prefix = uniqueName('contract');
  const topic = `${prefix}-orders`;
  const notes = new MemoryNotes();
  const processes: RabbitProcess[] = [];
  const start = async (): Promise<Broker> => {
    const process = await RabbitProcess.start({ url, prefix, notes, exchanges: [topic] });
    processes.push(process);
    return process.broker;
  };
  const broker = await start();
  await broker.open();
  return {
    ...{ broker, topic, newTopic: `${prefix}-later` },
    async reopen() {
      processes.at(-1)!.kill();
      return start();
    },
    async cleanup() {
      const subscriptions = new Set(processes.flatMap(({ broker: one }) => one.keptSubscriptions()));
      await Promise.all(processes.map((process) => process.end()));
      await forgetEverythingOf(prefix, { subscriptions, sources: [topic] });
    },
  };
}

beforeAll(sharedRabbitmq, 120_000);

brokerContract('on RabbitMQ', make);
