/** The chart with all that watches it. */
import { join } from 'node:path';
import type { Manifest } from '../../scripts/helm/manifests.ts';
import { render } from '../../scripts/helm/render.ts';
import type { Groups, Rule } from './promql.ts';

const CHART = join(import.meta.dirname, '../../helm/tmf-hub-gateway');

export const RELEASE = { namespace: 'telco', job: 'hub-tmf-hub-gateway' } as const;

export const ON_KAFKA = {
  broker: 'kafka',
  kafka: { brokers: ['kafka.messaging.svc:9092'] },
  redis: { enabled: true, url: 'redis://redis.cache.svc:6379' },
} as const;

/** The one manifest of this kind and, where several have it, name. Rejects with what Helm says where there is none. */
export async function rendered(kind: string, values: object, name?: string): Promise<Manifest> {
  const { manifests, stderr } = await render({
    chart: CHART,
    values,
    release: 'hub',
    namespace: RELEASE.namespace,
    kubeVersion: '1.30.0',
  });
  const found = manifests.filter((one) => one.kind === kind && (!name || one.metadata.name === name));
  const [only] = found;
  if (found.length !== 1 || !only) throw new Error(`${found.length} of ${kind}: ${stderr}`);
  return only;
}

export async function alertGroups(values: object = {}): Promise<Groups> {
  const manifest = await rendered('PrometheusRule', {
    ...ON_KAFKA,
    metrics: { prometheusRule: { enabled: true } },
    ...values,
  });
  return manifest['spec'] as Groups;
}

export function rulesOf({ groups }: Groups): readonly Rule[] {
  return groups.flatMap(({ rules }) => rules);
}
