import type { NodeAddress } from './kafka-properties.ts';
import { freePorts } from './ports.ts';

/** For nodes 1 to `count`. Somebody may take a port before it is used. */
export async function freeAddresses(count: number): Promise<NodeAddress[]> {
  const ports = await freePorts(count * 2);
  return Array.from({ length: count }, (_, index) => ({
    id: index + 1,
    port: ports[index]!,
    controllerPort: ports[count + index]!,
  }));
}
