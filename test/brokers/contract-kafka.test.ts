import type { LogBroker } from '../../src/brokers/log/log-broker.ts';
import { brokerContract, type BrokerSetting } from '../contracts/broker.ts';
import { KafkaProcess } from '../support/kafka-process.ts';
import { sharedKafka, uniqueName } from '../support/kafka.ts';

/** Several processes one after the other on one broker, with a name of their own. */
async function make(): Promise<BrokerSetting> {
  const { brokers } = await sharedKafka();
  const prefix = uniqueName('contract');
  const topic = `${prefix}-orders`;
  const newTopic = `${prefix}-later`;
  const processes: KafkaProcess[] = [];
  let ids = 0;
  const start = (): LogBroker => {
    const process = new KafkaProcess({
      brokers,
      prefix,
      topics: [topic, newTopic],
      newId: () => `${prefix}-${++ids}`,
    });
    processes.push(process);
    return process.broker;
  };
  const first = start();
  await processes[0]!.makeTopic(topic, 3);
  return {
    ...{ broker: first, topic, newTopic },
    async reopen() {
      await processes.at(-1)!.kill();
      return start();
    },
    retire: () => processes.at(-1)!.deleteAllRecords(topic),
    async cleanup() {
      await Promise.all(processes.map((process) => process.end()));
    },
  };
}

brokerContract('on Kafka', make);
