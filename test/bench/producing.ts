/** What a producer's process does, whatever the broker. */
import { eventOf } from './event.ts';
import { latencyOf, pace, stampedId, type Latency } from './latency.ts';

export type ProducerRequest<Where> =
  | { do: 'connect'; address: string }
  /** Writes events as fast as they are taken. */
  | { do: 'fill'; where: Where; count: number }
  /** Writes them one by one at a steady rate; `stamped` ones say when they were handed to the producer. */
  | { do: 'pace'; where: Where; count: number; perSecond: number; stamped: boolean };

export interface ProducerAnswer {
  readonly connected: true;
  readonly filled: true;
  /** How long the broker took to confirm. */
  readonly paced: Latency;
}

export interface ProducedEvent {
  /** Counts the events of one request from 0. */
  readonly n: number;
  readonly id: string;
  readonly key: string;
  readonly value: string;
}

/** Resolves when the broker has confirmed all of them. */
type Send<Where> = (where: Where, events: readonly ProducedEvent[]) => Promise<void>;

const BATCH = 500;

/** Obeys the process that forked this one. */
export function obey<Where>(connect: (address: string) => Promise<Send<Where>>): void {
  let send: Send<Where>;
  const carryOut = async (request: ProducerRequest<Where>): Promise<Partial<ProducerAnswer>> => {
    if (request.do === 'connect') {
      send = await connect(request.address);
      return { connected: true };
    }
    if (request.do === 'pace') return { paced: await sendPaced(send, request) };
    await sendAll(send, request.where, request.count);
    return { filled: true };
  };
  process.on('disconnect', () => process.exit());
  process.on('message', (request: ProducerRequest<Where>) => {
    void carryOut(request).then((answer) => process.send?.(answer));
  });
}

async function sendAll<Where>(send: Send<Where>, where: Where, count: number): Promise<void> {
  for (let n = 0; n < count; n += BATCH) {
    const some = Array.from({ length: Math.min(BATCH, count - n) }, (_, i) => produced(n + i, `e${n + i}`));
    await send(where, some);
  }
}

async function sendPaced<Where>(
  send: Send<Where>,
  { where, perSecond, count, stamped }: Extract<ProducerRequest<Where>, { do: 'pace' }>,
): Promise<Latency> {
  const confirmed: Promise<number>[] = [];
  await pace(perSecond, count, (n) => {
    const event = produced(n, stamped ? stampedId() : `e${n}`);
    const start = performance.now();
    confirmed.push(send(where, [event]).then(() => performance.now() - start));
  });
  return latencyOf(await Promise.all(confirmed));
}

function produced(n: number, id: string): ProducedEvent {
  return { n, id, ...eventOf(n, id) };
}
