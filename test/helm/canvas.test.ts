/** What the Component tells a Canvas is what the gateway, with the configuration of the same release, does. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse, stringify } from 'yaml';
import { called, type Manifest } from '../../scripts/helm/manifests.ts';
import { render } from '../../scripts/helm/render.ts';
import { valueSets } from '../../scripts/helm/value-sets.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { TestListener } from '../support/listener.ts';
import { until } from '../sqlite/until.ts';

const ROOT = join(import.meta.dirname, '../..');
const CHART = join(ROOT, 'helm/tmf-hub-gateway');
const COMPONENT = 'oda.tmforum.org/componentName';
/** As the identity operator of a Canvas registers. */
const IDENTITY_LISTENER = { '@type': 'Hub', callback: 'http://idlistkey.canvas:5000/listener' };

interface ExposedApi {
  readonly name: string;
  readonly implementation: string;
  readonly path: string;
  readonly port: number;
}
interface Component extends Manifest {
  readonly spec: {
    readonly coreFunction: { readonly exposedAPIs: readonly ExposedApi[] };
    readonly eventNotification: {
      readonly publishedEvents: readonly { readonly name: string; readonly hub: string }[];
      readonly subscribedEvents: readonly { readonly callback: string }[];
    };
    readonly managementFunction: { readonly exposedAPIs: readonly ExposedApi[] };
    readonly securityFunction: { readonly exposedAPIs: readonly ExposedApi[] };
  };
}
interface Service extends Manifest {
  readonly spec: { readonly ports: readonly { port: number; targetPort: string }[] };
}
interface Config {
  readonly server: { readonly basePath: string };
  readonly callbacks: { readonly allow: string[] };
}

const VALUES = {
  canvas: {
    enabled: true,
    componentName: 'hubs',
    exposedAPIs: [
      { api: 'TMF688', version: 4 },
      { api: 'TMF622', version: 4 },
      { api: 'TMF622', version: 5 },
      { api: 'TMF999', version: 1, name: 'own' },
    ],
    publishedEvents: [{ api: 'TMF641', version: 4 }],
    subscribedEvents: [{ api: 'TMF641', version: 4 }],
    security: {
      exposedAPIs: [
        { api: 'TMF669', version: 4 },
        { api: 'TMF672', version: 5 },
      ],
    },
  },
  config: { hub: { apis: [{ api: 'TMF999', version: '1.0', basePath: '/own/v1' }] } },
  subscriptions: [{ api: 'TMF632', callback: 'http://crm.components.svc.cluster.local/parties' }],
};

let dir: string;
let manifests: readonly Manifest[];
let component: Component;
let gateway: GatewayProcess;
let listener: TestListener;
const started: { stop(): Promise<unknown> }[] = [];

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tmf-hub-canvas-'));
  manifests = await rendered(VALUES);
  component = one('Component') as Component;
  const file = join(dir, 'gateway.yaml');
  // Besides, the listener of this test may be called.
  const config = configuration();
  config.callbacks.allow.push('127.0.0.0/8');
  writeFileSync(file, stringify(config));
  started.push((listener = await TestListener.start()));
  started.push((gateway = await GatewayProcess.start(join(dir, 'data'), { TMF_HUB_CONFIG: file })));
}, 300_000);

afterAll(async () => {
  await Promise.all(started.map((one) => one.stop()));
  rmSync(dir, { recursive: true, force: true });
});

async function rendered(values: object): Promise<readonly Manifest[]> {
  const { ok, manifests, stderr } = await render({
    ...{ chart: CHART, values, release: 'r1', namespace: 'components', kubeVersion: '1.30.0' },
    apiVersions: ['monitoring.coreos.com/v1', 'keda.sh/v1alpha1'],
  });
  if (!ok) throw new Error(stderr);
  return manifests;
}

function one(kind: string): Manifest {
  const found = manifests.filter((manifest) => manifest.kind === kind);
  expect(found).toHaveLength(1);
  return found[0] as Manifest;
}

function configuration(): Config {
  const { data } = one('ConfigMap') as Manifest & { data: Record<string, string> };
  return parse(data['gateway.yaml'] ?? '') as Config;
}

function exposed(): readonly ExposedApi[] {
  const { coreFunction, securityFunction } = component.spec;
  return [...coreFunction.exposedAPIs, ...securityFunction.exposedAPIs];
}

function post(path: string, body: object): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return fetch(gateway.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
}

function eventOf(eventType: string, event: object): object {
  return { eventId: `of-${eventType}`, eventTime: '2026-01-01T00:00:00Z', eventType, event };
}

test('every exposed API has a hub, below the prefix that the gateway knows', async () => {
  expect(exposed().map(({ name }) => name)).toEqual([
    ...['event', 'productorderingmanagement', 'productorderingmanagement', 'own'],
    ...['partyrole', 'userrolesandpermissions'],
  ]);
  for (const { path } of exposed()) {
    expect(path.startsWith(`${configuration().server.basePath}/`)).toBe(true);
    const answer = await post(`${path}/hub`, { callback: `${listener.url}/any` });
    expect([path, answer.status]).toEqual([path, 201]);
    expect(answer.headers.get('location')?.startsWith(`${path}/hub/`)).toBe(true);
    await answer.arrayBuffer();
  }
});

test('the identity operator may register as often as it likes', async () => {
  for (const { path } of component.spec.securityFunction.exposedAPIs) {
    const answers = [
      await post(`${path}/hub`, IDENTITY_LISTENER),
      await post(`${path}/hub`, IDENTITY_LISTENER),
    ];
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    const [first, second] = (await Promise.all(answers.map((answer) => answer.json()))) as { id: string }[];
    expect(second?.id).toBe(first?.id);
  }
});

test('at its hubs events have the names that its listener knows, elsewhere their own', async () => {
  const [orders, roles] = ['productorderingmanagement', 'partyrole'].map(
    (wanted) => exposed().find(({ name }) => name === wanted)?.path ?? '',
  ) as [string, string];
  await post(`${roles}/hub`, { callback: `${listener.url}/roles` });
  await post(`${orders}/hub`, { callback: `${listener.url}/orders` });
  const role = { id: 'r', href: 'http://x/r1-hubs/r', name: 'reader', '@baseType': 'PartyRole' };
  expect((await post(`${roles}/event`, eventOf('PartyRoleCreateEvent', { partyRole: role }))).status).toBe(
    201,
  );
  const order = { id: 'o' };
  const created = eventOf('ProductOrderCreateEvent', { productOrder: order });
  expect((await post(`${orders}/event`, created)).status).toBe(201);

  const typeAt = (path: string) =>
    listener.receipts.find((receipt) => receipt.path === path)?.event.eventType;
  await until(() => typeAt('/roles') !== undefined && typeAt('/orders') !== undefined);
  expect(typeAt('/roles')).toBe('PartyRoleCreationNotification');
  expect(typeAt('/orders')).toBe('ProductOrderCreateEvent');
});

test('published events have a hub, subscribed ones a callback that takes them', async () => {
  const { publishedEvents, subscribedEvents } = component.spec.eventNotification;
  const hubs = await Promise.all(publishedEvents.map(({ hub }) => fetch(gateway.url + hub)));
  expect(publishedEvents.map(({ name }, i) => [name, hubs[i]?.status])).toEqual([
    ['event-v4', 200],
    ['productorderingmanagement-v4', 200],
    ['productorderingmanagement-v5', 200],
    ['own-v1', 200],
    ['partyrole-v4', 200],
    ['userrolesandpermissions-v5', 200],
    ['serviceordering-v4', 200],
    ['partymanagement-v5', 200],
  ]);
  // The hub that is meant where a declared subscription names no version.
  expect(await hubs.at(-1)?.json()).toMatchObject([{ callback: VALUES.subscriptions[0]?.callback }]);
  expect(subscribedEvents).toHaveLength(1);
  const event = eventOf('ServiceOrderCreateEvent', { serviceOrder: { id: 's' } });
  for (const { callback } of subscribedEvents) expect((await post(callback, event)).status).toBe(201);
});

test('metrics are where the ServiceMonitor of the Canvas looks for them', async () => {
  const { path, port, implementation } = component.spec.managementFunction.exposedAPIs[0] as ExposedApi;
  const services = manifests.filter(({ kind }) => kind === 'Service') as Service[];
  const chosen = services.filter(({ metadata }) => metadata.labels?.['name'] === implementation);
  expect(chosen.map(called)).toEqual([`Service/${implementation}`]);
  // The Canvas routes to the Service's port and scrapes the container's.
  const { targetPort } = chosen[0]?.spec.ports.find((one) => one.port === port) ?? {};
  expect(targetPort).toBe('admin');
  expect(JSON.stringify(one('Deployment'))).toContain(`{"name":"admin","containerPort":${port}}`);
  const answer = await fetch(gateway.admin + path);
  expect(answer.status).toBe(200);
  expect(await answer.text()).toContain('tmf_hub_subscriptions');
});

test('all that a release has but its volume is labelled, and its Component is as a Canvas reads it', async () => {
  const schema = join(ROOT, 'scripts/helm/custom-resources/component.schema.json');
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(
    JSON.parse(readFileSync(schema, 'utf8')) as object,
  );
  const check = (of: string, manifests: readonly Manifest[]): void => {
    const unlabelled = manifests.filter(({ metadata }) => metadata.labels?.[COMPONENT] !== 'r1-hubs');
    const volumes = manifests.filter(({ kind }) => kind === 'PersistentVolumeClaim');
    expect([of, unlabelled.map(called)]).toEqual([of, volumes.map(called)]);
    const components = manifests.filter(({ kind }) => kind === 'Component');
    expect(components.map(({ metadata }) => metadata.name)).toEqual(['r1-hubs']);
    expect([of, validate(components[0]), validate.errors]).toEqual([of, true, null]);
  };
  check('this', manifests);
  for (const { name, values } of await valueSets(join(ROOT, 'helm/matrix'))) {
    const set = (values ?? {}) as { mode?: string; canvas?: object };
    if (set.mode === 'sidecar') continue;
    const canvas = { ...set.canvas, enabled: true, componentName: 'hubs' };
    check(name, await rendered({ ...set, canvas }));
  }
});

test('the values that docs/oda-canvas.md shows are values of the chart', async () => {
  const page = readFileSync(join(ROOT, 'docs/oda-canvas.md'), 'utf8');
  const shown = [...page.matchAll(/^```yaml\n([^]*?)^```/gm)].map(([, text = '']) => parse(text) as object);
  expect(shown).toHaveLength(3);
  for (const values of shown) {
    const canvas = { ...('canvas' in values ? (values.canvas as object) : {}), enabled: true };
    const made = await rendered({ ...values, canvas });
    expect(made.filter(({ kind }) => kind === 'Component').map(called)).toEqual(['Component/r1-tmfhub']);
  }
});
