import type { Capabilities } from './broker.ts';

/** By the setting `broker`. */
export const CAPABILITIES = {
  embedded: { sharedLog: true, replicas: false, indexed: true },
  kafka: { sharedLog: true, replicas: true, indexed: true },
  rabbitmq: { sharedLog: false, replicas: true, indexed: true },
} as const satisfies Readonly<Record<string, Capabilities>>;
