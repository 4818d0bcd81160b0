/** Everything that a gateway can show at /metrics: from one that runs, and from one to which everything has happened. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMetrics } from '../../src/admin/metrics.ts';
import { silentLogger } from '../../src/logger.ts';
import { subscription } from '../admin/admin-parts.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { samplesOf, type Labels } from './promql.ts';

export async function exposedMetrics(): Promise<(readonly [string, Labels])[]> {
  // Prometheus itself says of each target whether it answers.
  return [['up', {}], ...samplesOf(await ofRunning()), ...samplesOf(await ofEventful())];
}

async function ofRunning(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'tmf-hub-metrics-'));
  const gateway = await GatewayProcess.start(dir);
  try {
    return await (await fetch(`${gateway.admin}/metrics`)).text();
  } finally {
    await gateway.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

async function ofEventful(): Promise<string> {
  const metrics = createMetrics({
    perSubscription: true,
    logger: silentLogger,
    snapshot: () => ({
      now: Date.parse('2026-03-01T12:00:00.000Z'),
      subscriptions: [
        subscription('a', { lag: 5, oldestUnsettled: '2026-03-01T11:00:00.000Z', inFlight: 2, lost: 3 }),
      ],
      openDeadLetters: 1,
      retentionHeadroomSeconds: 60,
      parts: {},
    }),
  });
  metrics.eventRouted(1, 1);
  for (const outcome of ['delivered', 'retry', 'rejected'] as const)
    metrics.attempted({ subscriptionId: 'a', outcome, seconds: 1, endToEndSeconds: 1 });
  for (const reason of ['exhausted', 'unreadable'] as const) metrics.deadLettered(reason);
  metrics.eventInvalid('TMF622', 'warn');
  return (await metrics.expose()).text;
}
