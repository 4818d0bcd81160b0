/** The thread of one database file: takes all calls that wait, runs them as a group, answers. */
import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads';
import { failureOf } from './errors.ts';
import { openFile } from './file.ts';
import { CallGroups } from './group.ts';
import type { Call, Request, Response, WorkerInput } from './messages.ts';
import { probeProcedures } from './probe.ts';
import type { Storage } from './storage.ts';

/** Bounds of one group: enough to share a commit among thousands, little enough to be answered soon. */
const GROUP_CALLS = 2_000;
const GROUP_BYTES = 8 << 20;

const { file, storage: storageUrl, maxPages } = workerData as WorkerInput;
const port = parentPort as MessagePort;

/** What waits behind `first`, in order, up to the bounds of a group. */
function drain(first: Request): Request[] {
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

function answer(response: Response, transfer: ArrayBuffer[] = []): void {
  port.postMessage(response, transfer);
}

/** Reads first: they are short and need not wait for the disk. */
function turn(groups: CallGroups, calls: readonly Call[]): void {
  for (const group of [
    calls.filter((call) => !groups.writes(call)),
    calls.filter((call) => groups.writes(call)),
  ]) {
    const [first] = group;
    if (!first) continue;
    const transfer: ArrayBuffer[] = [];
    answer(groups.writes(first) ? groups.write(group, transfer) : groups.read(group, transfer), transfer);
  }
}

try {
  const { storage } = (await import(storageUrl)) as { storage: Storage };
  const db = openFile(file, storage, maxPages);
  const own = storage.prepare(db);
  const groups = new CallGroups(
    db,
    { reads: own.reads, writes: { ...own.writes, ...probeProcedures(db).writes } },
    file,
  );
  port.on('message', (first: Request) => {
    const requests = drain(first);
    turn(
      groups,
      requests.filter((request) => request !== 'close'),
    );
    if (!requests.includes('close')) return;
    db.close();
    port.close();
  });
  answer({ opened: true });
} catch (error) {
  answer({ failure: failureOf(error, file) });
  port.close();
}
