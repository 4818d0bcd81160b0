/** kafkajs, acks=all, nothing waits for company. */
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { HEADERS } from './event.ts';
import { obey } from './producing.ts';

const ACKS_ALL = -1;

obey<string>(async (brokers) => {
  const kafka = new Kafka({ brokers: brokers.split(','), clientId: 'bench', logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  return async (topic, events) => {
    const messages = events.map(({ key, value }) => ({ key, value, headers: HEADERS }));
    await producer.send({ topic, acks: ACKS_ALL, messages });
  };
});
