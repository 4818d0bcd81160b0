/** A broker's start is mostly the loading of classes. Java can keep them loaded in a file, which halves the start. */
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { exists } from './cache.ts';
import { freeAddresses } from './kafka-addresses.ts';
import type { KafkaHome } from './kafka-home.ts';
import { KafkaNode } from './kafka-node.ts';
import { clusterProperties } from './kafka-properties.ts';

/** The flag that makes a JVM use the archive; one that cannot starts without. */
export function useArchive(home: KafkaHome): string {
  return `-XX:SharedArchiveFile=${home.classArchive}`;
}

/** Makes the archive unless it is there: one broker starts and stops for it, some 5 s. */
export async function archiveClasses(home: KafkaHome, tell: (line: string) => void): Promise<void> {
  if (await exists(home.classArchive)) return;
  tell('preparing quick starts');
  const directory = await mkdtemp(path.join(home.directory, 'classes-'));
  try {
    const [address] = await freeAddresses(1);
    const archive = path.join(directory, 'classes.jsa');
    const node = await KafkaNode.prepare(home, address!, path.join(directory, 'node'), {
      clusterId: 'AAAAAAAAAAAAAAAAAAAAAA',
      properties: clusterProperties([address!]),
      jvmFlags: [`-XX:ArchiveClassesAtExit=${archive}`],
    });
    await node.start();
    await node.stop();
    // Not every JVM can. An empty file keeps the next start from trying again; a JVM passes it over.
    if (!(await exists(archive))) await writeFile(archive, '');
    await rename(archive, home.classArchive);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
