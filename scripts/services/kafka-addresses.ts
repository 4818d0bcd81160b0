import type { NodeAddress, SecuredListener } from './kafka-properties.ts';
import { freePorts } from './ports.ts';

/** For nodes 1 to `count`, each with all of `secured`. Somebody may take a port before it is used. */
export async function freeAddresses(
  count: number,
  secured: readonly SecuredListener[] = [],
): Promise<NodeAddress[]> {
  const ports = await freePorts(count * (2 + secured.length));
  const next = (): number => ports.pop()!;
  return Array.from({ length: count }, (_, index) => ({
    id: index + 1,
    port: next(),
    controllerPort: next(),
    secured: secured.map((listener) => ({ ...listener, port: next() })),
  }));
}
