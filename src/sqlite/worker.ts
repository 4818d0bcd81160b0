/** The storage thread: for each database file a port; takes all calls that wait there, runs them as a group, answers. */
import { parentPort, receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import { failureOf } from './errors.ts';
import { openFile } from './file.ts';
import { CallGroups } from './group.ts';
import type { Call, Request, Response, WorkerInput } from './messages.ts';
import { probeProcedures } from './probe.ts';
import type { Storage } from './storage.ts';

/** Bounds of one group: enough to share a commit among thousands, little enough to be answered soon. */
const GROUP_CALLS = 2_000;
const GROUP_BYTES = 8 << 20;

/** What waits behind `first`, in order, up to the bounds of a group. */
function drain(port: MessagePort, first: Request): Request[] {
  const requests = [first];
  let bytes = bytesOf(first);
  while (requests.length < GROUP_CALLS && bytes < GROUP_BYTES) {
    const next = receiveMessageOnPort(port) as { message: Request } | undefined;
    if (!next) break;
    requests.push(next.message);
    bytes += bytesOf(next.message);
  }
  return requests;
}

function bytesOf(request: Request): number {
  return request === 'close' ? 0 : request.bytes;
}

/** Reads first: they are short and need not wait for the disk. */
function turn(port: MessagePort, groups: CallGroups, calls: readonly Call[]): void {
  for (const group of [
    calls.filter((call) => !groups.writes(call)),
    calls.filter((call) => groups.writes(call)),
  ]) {
    const [first] = group;
    if (!first) continue;
    const transfer: ArrayBuffer[] = [];
    const answers: Response = groups.writes(first)
      ? groups.write(group, transfer)
      : groups.read(group, transfer);
    port.postMessage(answers, transfer);
  }
}

/** Answers `opened` or why not, then serves until `close`. */
async function serve(port: MessagePort, { file, storage: storageUrl, maxPages }: WorkerInput): Promise<void> {
  try {
    const { storage } = (await import(storageUrl)) as { storage: Storage };
    const db = openFile(file, storage, maxPages);
    const own = storage.prepare(db);
    const procedures = { reads: own.reads, writes: { ...own.writes, ...probeProcedures(db).writes } };
    const groups = new CallGroups(db, procedures, file);
    port.on('message', (first: Request) => {
      const requests = drain(port, first);
      turn(
        port,
        groups,
        requests.filter((request) => request !== 'close'),
      );
      if (!requests.includes('close')) return;
      db.close();
      port.close();
    });
    port.postMessage({ opened: true } satisfies Response);
  } catch (error) {
    port.postMessage({ failure: failureOf(error, file) } satisfies Response);
    port.close();
  }
}

const parent = parentPort as MessagePort;
parent.on('message', (message: 'end' | { port: MessagePort; input: WorkerInput }) => {
  if (message === 'end') parent.close();
  else void serve(message.port, message.input);
});
