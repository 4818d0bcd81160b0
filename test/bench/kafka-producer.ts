/** A producer as another system has one, in a process of its own: kafkajs, acks=all, nothing waits for company. */
import { Kafka, logLevel, Partitioners, type Message, type Producer } from 'kafkajs';
import { eventOf, HEADERS } from './event.ts';
import { latencyOf, pace, stampedId, type Latency } from './latency.ts';

export type ProducerRequest =
  | { do: 'connect'; brokers: string[] }
  /** Writes events as fast as they are taken. */
  | { do: 'fill'; topic: string; count: number }
  /** Writes them one by one at a steady rate; `stamped` ones say when they were handed to the producer. */
  | { do: 'pace'; topic: string; count: number; perSecond: number; stamped: boolean };

export interface ProducerAnswer {
  readonly connected: true;
  readonly filled: true;
  /** How long the brokers took to confirm. */
  readonly paced: Latency;
}

const BATCH = 500;
const ACKS_ALL = -1;
let producer: Producer;

process.on('disconnect', () => process.exit());
process.on('message', (request: ProducerRequest) => {
  void carryOut(request).then((answer) => process.send?.(answer));
});

async function carryOut(request: ProducerRequest): Promise<Partial<ProducerAnswer>> {
  if (request.do === 'connect') {
    const kafka = new Kafka({ brokers: request.brokers, clientId: 'bench', logLevel: logLevel.NOTHING });
    producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    return { connected: true };
  }
  const { topic, count } = request;
  if (request.do === 'fill') {
    for (let n = 0; n < count; n += BATCH) {
      const some = Array.from({ length: Math.min(BATCH, count - n) }, (_, i) =>
        messageOf(n + i, `e${n + i}`),
      );
      await send(topic, some);
    }
    return { filled: true };
  }
  const acks: Promise<number>[] = [];
  await pace(request.perSecond, count, (n) => {
    const message = messageOf(n, request.stamped ? stampedId() : `e${n}`);
    const start = performance.now();
    acks.push(send(topic, [message]).then(() => performance.now() - start));
  });
  return { paced: latencyOf(await Promise.all(acks)) };
}

function messageOf(n: number, id: string): Message {
  return { ...eventOf(n, id), headers: HEADERS };
}

async function send(topic: string, messages: Message[]): Promise<void> {
  await producer.send({ topic, acks: ACKS_ALL, messages });
}
