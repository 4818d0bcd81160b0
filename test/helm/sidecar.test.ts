/** The gateway in the pod of a host: what Helm renders of the example, and that a real gateway works by it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Admin, Kafka, logLevel, Partitioners, type Producer } from 'kafkajs';
import { parse } from 'yaml';
import type { Container, Manifest } from '../../scripts/helm/manifests.ts';
import { eventOf, gotBy, hubOf, publish, readiness, send, TYPE } from '../e2e/broker-site.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { sharedKafka } from '../support/kafka.ts';
import { TestListener, until } from '../support/listener.ts';
import { uniqueName } from '../support/shared-service.ts';
import { Charts } from './charts.ts';
import { environmentOf, siteOf, type Site } from './site.ts';

const VALUES = readFileSync(
  join(import.meta.dirname, '../../helm/examples/legacy-listener/values.yaml'),
  'utf8',
);
const LIMIT_MS = 90_000;

let charts: Charts;
let example: string;

beforeAll(async () => {
  charts = await Charts.copy();
  example = await charts.example();
}, 180_000);

afterAll(() => charts.remove());

/** The example with other values of the gateway, and maybe another port of its listener. */
async function render(
  hub: object,
  release = 'legacy',
  port = 9000,
  replicaCount = 2,
): Promise<readonly Manifest[]> {
  const { 'tmf-hub-gateway': ofHub, ...rest } = parse(VALUES.replaceAll('9000', `${port}`)) as {
    'tmf-hub-gateway': object;
  };
  return charts.render(example, { ...rest, replicaCount, 'tmf-hub-gateway': { ...ofHub, ...hub } }, release);
}

/** How many events the listener has taken from this one. */
async function deliveriesOf({ admin }: GatewayProcess): Promise<number> {
  const metrics = await (await fetch(`${admin}/metrics`)).text();
  const counts = metrics.matchAll(/^tmf_hub_deliveries_total\{[^}]*outcome="delivered"[^}]*\} (\d+)/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** On a volume instead of in Kafka, and nothing declared. */
const EMBEDDED = { broker: 'embedded', kafka: {}, subscriptions: [], persistence: { enabled: true } };

const specOf = (manifests: readonly Manifest[], kind: string) =>
  manifests.find((one) => one.kind === kind)?.['spec'] as Record<string, unknown>;

describe('the pod of the example', () => {
  type Rendered = Container & Readonly<Record<string, unknown>>;
  const containersIn = async (hub: object) => {
    const { pod } = siteOf(await render(hub));
    return { ...pod, sidecars: pod.initContainers as Rendered[], own: pod.containers as Rendered[] };
  };

  test('the gateway starts before the listener, ends after it, and is asked for its life only', async () => {
    const { sidecars, own } = await containersIn({});
    expect(own.map(({ name }) => name)).toEqual(['listener']);
    expect(sidecars).toMatchObject([{ name: 'tmf-hub-gateway', restartPolicy: 'Always' }]);
    const alive = { httpGet: { path: '/healthz', port: 'tmf-hub-g-admin' } };
    expect(sidecars[0]).toMatchObject({ startupProbe: alive, livenessProbe: alive, readinessProbe: alive });
    expect(sidecars[0]).not.toHaveProperty('lifecycle');
    expect(sidecars[0]!.ports!.map(({ name }) => name)).toContain('tmf-hub-g-admin');
  });

  test('is allowed where pods are restricted', async () => {
    const { sidecars, own } = await containersIn({});
    for (const container of [...sidecars, ...own]) {
      expect(container['securityContext']).toMatchObject({
        ...{ allowPrivilegeEscalation: false, runAsNonRoot: true, capabilities: { drop: ['ALL'] } },
        ...{ seccompProfile: { type: 'RuntimeDefault' }, readOnlyRootFilesystem: true },
      });
    }
  });

  test('has the time that both need to end', async () => {
    const graceOf = async (hub: object) => {
      const { template } = specOf(await render(hub), 'Deployment') as { template: { spec: object } };
      return template.spec;
    };
    expect(await graceOf({})).toMatchObject({ terminationGracePeriodSeconds: 10 + 10 + 5 });
    const config = { server: { drainTimeout: '1m' } };
    expect(await graceOf({ config })).toMatchObject({ terminationGracePeriodSeconds: 10 + 60 + 5 });
  });

  test('two replicas share nothing, and one follows the other; a volume belongs to one at a time', async () => {
    const shared = await render({});
    expect(specOf(shared, 'Deployment')).toMatchObject({ replicas: 2, strategy: { type: 'RollingUpdate' } });
    expect(specOf(shared, 'PersistentVolumeClaim')).toBeUndefined();
    await expect(render(EMBEDDED)).rejects.toThrow('2 pods cannot share the volume of tmf-hub-gateway');
    const own = await render(EMBEDDED, 'legacy', 9000, 1);
    expect(specOf(own, 'Deployment')).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
    expect(siteOf(own).pod.volumes).toContainEqual({
      name: 'tmf-hub-gateway-data',
      persistentVolumeClaim: { claimName: 'legacy-tmf-hub-gateway' },
    });
  });

  test('the Service has the hub where it is exposed, and nothing else of it otherwise', async () => {
    const portsOf = (manifests: readonly Manifest[]) =>
      (specOf(manifests, 'Service') as { ports: { name: string; targetPort: string }[] }).ports;
    expect(portsOf(await render({})).map(({ name }) => name)).toEqual(['http']);
    const exposed = await render({ sidecar: { expose: true } });
    const hub = portsOf(exposed)[1]?.targetPort;
    expect(siteOf(exposed).container.ports).toContainEqual({ name: hub, containerPort: 8080 });
  });

  test('a changed configuration makes new pods', async () => {
    const checksum = async (hub: object) => siteOf(await render(hub)).annotations['checksum/config'];
    expect(await checksum({ config: { log: { level: 'debug' } } })).not.toBe(await checksum({}));
    expect(await checksum({ resources: {} })).toBe(await checksum({}));
  });
});

describe('a gateway that has what the pod gives it', () => {
  let dir: string;
  let listener: TestListener;
  let gateways: GatewayProcess[];

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'tmf-hub-sidecar-'));
    listener = await TestListener.start();
    gateways = [];
  });

  afterEach(async () => {
    for (const gateway of gateways) await gateway.kill();
    await listener.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  /** One pod: what it has on disk is its own. */
  async function start({ container, file }: Site): Promise<GatewayProcess> {
    const pod = join(dir, `pod-${gateways.length}`);
    mkdirSync(pod);
    writeFileSync(join(pod, 'gateway.yaml'), file);
    const settings = environmentOf(container, () => 'of-a-secret');
    settings['TMF_HUB_CONFIG'] = join(pod, 'gateway.yaml');
    gateways.push(GatewayProcess.launch(join(pod, 'data'), settings));
    await gateways.at(-1)!.listening();
    return gateways.at(-1)!;
  }

  describe('on Kafka', () => {
    let brokers: string[];
    let producer: Producer;
    let admin: Admin;
    let topic: string;
    let site: Site;

    beforeAll(async () => {
      ({ brokers } = await sharedKafka());
      const kafka = new Kafka({ brokers, clientId: 'orders', logLevel: logLevel.NOTHING });
      producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
      admin = kafka.admin();
      await Promise.all([producer.connect(), admin.connect()]);
    }, 180_000);

    afterAll(() => Promise.all([producer.disconnect(), admin.disconnect()]));

    beforeEach(async () => {
      topic = uniqueName('orders');
      await admin.createTopics({ topics: [{ topic, numPartitions: 4 }] });
      const config = { topics: { ordering: topic }, kafka: { topics: [topic] } };
      site = siteOf(await render({ kafka: { brokers }, config }, uniqueName('legacy'), listener.port));
    });

    const produce = (ids: readonly string[]) =>
      producer.send({
        topic,
        messages: ids.map((id) => ({ key: id, value: JSON.stringify(eventOf(id)) })),
      });

    test(
      'an event in Kafka reaches the listener without any registration, and none is taken',
      async () => {
        const gateway = await start(site);
        await produce(['e1']);
        await until(() => listener.receipts.length > 0, 'the webhook');
        expect(listener.receipts[0]).toMatchObject({
          path: '/listener/productOrderStateChangeEvent',
          event: { eventId: 'e1', eventType: TYPE },
        });
        expect((await send('GET', `${gateway.admin}/healthz`)).status).toBe(200);
        const body = { callback: `${listener.url}/mine`, query: '' };
        expect((await send('POST', hubOf(gateway), body)).status).toBe(403);
      },
      LIMIT_MS,
    );

    test(
      'two pods know the same subscriptions without Redis: each event is delivered by one of them',
      async () => {
        const pods = [await start(site), await start(site)];
        const partitionsOf = async (pod: GatewayProcess) => {
          const { items } = (await send('GET', `${pod.admin}/admin/subscriptions`)).json as {
            items: { id: string; positions: object }[];
          };
          return items.map(({ id, positions }) => [id, Object.keys(positions).length] as const);
        };
        const shares = async () => Promise.all(pods.map(partitionsOf));
        await until(
          async () => (await shares()).flat().every(([, partitions]) => partitions === 2),
          'two partitions each',
        );
        const [one, other] = (await shares()).map((share) => share.map(([id]) => id).toSorted());
        expect(one).toHaveLength(2);
        expect(other).toEqual(one);
        for (const pod of pods) await until(async () => (await readiness(pod)).ready, 'one group');

        const ids = Array.from({ length: 40 }, (_, i) => `e${i}`);
        await produce(ids);
        await until(() => gotBy(listener).length === ids.length, 'every event');
        expect(listener.receipts).toHaveLength(ids.length);
        // Counted a moment after the listener has answered.
        const counted = () => Promise.all(pods.map(deliveriesOf));
        await until(
          async () => (await counted()).reduce((a, b) => a + b, 0) === ids.length,
          'all are counted',
        );
        const delivered = await counted();
        expect(Math.min(...delivered)).toBeGreaterThan(0);
      },
      LIMIT_MS,
    );
  });

  test(
    'with a volume instead: what registers itself on localhost gets what is published',
    async () => {
      const gateway = await start(siteOf(await render(EMBEDDED, 'legacy', listener.port, 1)));
      const callback = `http://localhost:${listener.port}/mine`;
      const made = await send('POST', hubOf(gateway), { callback, query: `eventType=${TYPE}` });
      expect(made.status).toBe(201);
      await publish(gateway, 'e1');
      await until(() => gotBy(listener).includes('e1'), 'the webhook');
      expect(listener.receipts[0]).toMatchObject({ path: '/mine' });
    },
    LIMIT_MS,
  );
});
