import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import type { WorkerInput } from './messages.ts';
import { moduleBeside } from './storage.ts';

let thread: Worker | undefined;
let connections = 0;

/**
 * A connection to the process's one storage thread, which serves each file on a port of its own: another thread would
 * cost some 20 MB. It is started with the first connection and ended with the last one's `close` event, which also
 * comes when the thread crashes. `onError` is told what a crash left behind.
 */
export function connect(input: WorkerInput, onError: (error: unknown) => void): MessagePort {
  const worker = (thread ??= start());
  connections++;
  const { port1, port2 } = new MessageChannel();
  worker.on('error', onError);
  port1.on('close', () => {
    worker.off('error', onError);
    if (--connections === 0 && thread === worker) {
      thread = undefined;
      worker.postMessage('end');
    }
  });
  worker.postMessage({ port: port2, input }, [port2]);
  return port1;
}

function start(): Worker {
  const worker = new Worker(moduleBeside(import.meta.url, './worker'), {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    resourceLimits: { maxYoungGenerationSizeMb: 8 },
  });
  worker.on('error', () => undefined);
  worker.once('exit', () => {
    if (thread === worker) thread = undefined;
  });
  return worker;
}
