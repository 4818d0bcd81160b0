/** What a cluster would refuse, or find missing only when pods start, is found in what a chart renders. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { KUBERNETES_VERSIONS, kubernetesSchemas } from '../../scripts/helm/kubernetes-schemas.ts';
import { type Manifest, parseManifests } from '../../scripts/helm/manifests.ts';
import { wrongNames } from '../../scripts/helm/names.ts';
import { missingReferences } from '../../scripts/helm/references.ts';
import { validatorOf } from '../../scripts/helm/validation.ts';

const GOOD = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: hub, labels: { app: hub } }
spec:
  selector: { matchLabels: { app: hub } }
  template:
    metadata: { labels: { app: hub } }
    spec:
      serviceAccountName: hub
      containers:
        - name: gateway
          image: tmf-hub-gateway
          env:
            - { name: TOKEN, valueFrom: { secretKeyRef: { name: users-own, key: token } } }
            - { name: EXTRA, valueFrom: { secretKeyRef: { name: perhaps, key: token, optional: true } } }
          ports: [{ name: hub, containerPort: 8080 }]
          volumeMounts: [{ name: config, mountPath: /etc/hub }, { name: data, mountPath: /data }]
      volumes:
        - { name: config, configMap: { name: hub } }
        - { name: data, persistentVolumeClaim: { claimName: hub } }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: hub }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: hub }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: hub }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
---
apiVersion: v1
kind: Service
metadata: { name: hub, labels: { app: hub } }
spec: { selector: { app: hub }, ports: [{ name: hub, port: 80, targetPort: hub }] }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: hub }
spec: { rules: [{ http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: hub, port: { name: hub } } } }] } }] }
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: hub }
spec: { maxReplicas: 2, scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: hub } }
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: hub }
spec: { selector: { matchLabels: { app: hub } } }
`;
const VALUES = { admin: { token: { secretName: 'users-own' } }, fullnameOverride: 'hub' };

/** The good ones, with a change of the text. */
function rendered(from: string, to: string): Manifest[] {
  expect(GOOD).toContain(from);
  return parseManifests(GOOD.replace(from, () => to));
}

const names = (from: string, to: string) => wrongNames(rendered(from, to), 'telco');
const missing = (from: string, to: string) => missingReferences(rendered(from, to), VALUES);

let temp: string;

beforeEach(async () => {
  temp = await mkdtemp(path.join(os.tmpdir(), 'tmf-hub-schemas-'));
});
afterEach(async () => rm(temp, { recursive: true, force: true }));

test('what is well has no findings, in every version', async () => {
  const manifests = parseManifests(GOOD);
  expect(wrongNames(manifests, 'telco')).toEqual([]);
  expect(missingReferences(manifests, VALUES)).toEqual([]);
  const schemas = await kubernetesSchemas(() => undefined);
  for (const version of KUBERNETES_VERSIONS) {
    const validate = await validatorOf(schemas, version);
    for (const manifest of manifests) expect(await validate(manifest)).toEqual([]);
  }
}, 120_000);

test.each(KUBERNETES_VERSIONS)('Kubernetes %s refuses unknown fields and wrong types', async (version) => {
  const validate = await validatorOf(await kubernetesSchemas(() => undefined), version);
  const [unknown] = rendered('serviceAccountName: hub', 'serviceAccount_Name: hub');
  expect(await validate(unknown!)).toEqual([
    'Deployment/hub: /spec/template/spec must NOT have additional properties (serviceAccount_Name)',
  ]);
  const [text] = rendered('containerPort: 8080', "containerPort: '8080'");
  expect((await validate(text!)).join()).toContain('ports/0/containerPort must be integer');
  const [old] = rendered('apps/v1', 'apps/v1beta1');
  expect(await validate(old!)).toEqual([expect.stringContaining(`has no apps/v1beta1 Deployment`)]);
});

test('a custom resource must be described, and is held against that', async () => {
  const resource = parse(
    '{ apiVersion: example.com/v1, kind: Thing, metadata: { name: hub }, size: 2 }',
  ) as Manifest;
  const schemas = await kubernetesSchemas(() => undefined);
  const undescribed = await validatorOf(schemas, '1.33.0', temp);
  expect((await undescribed(resource)).join()).toContain('has no example.com/v1 Thing, and nothing in');
  await writeFile(
    path.join(temp, 'thing.schema.json'),
    JSON.stringify({
      properties: { apiVersion: { const: 'example.com/v1' }, size: { enum: ['small', 'large'] } },
    }),
  );
  const validate = await validatorOf(schemas, '1.33.0', temp);
  expect(await validate(resource)).toEqual([
    'Thing/hub: /size must be equal to one of the allowed values (small, large)',
  ]);
  expect(await validate({ ...resource, size: 'small' })).toEqual([]);
  expect(await validate({ ...resource, size: 'small', apiVersion: 'example.com/v2' })).toHaveLength(1);
});

test.each<[from: string, to: string, finding: string]>([
  ['kind: ServiceAccount\n', 'kind: ConfigMap\n', 'ConfigMap/hub is rendered more than once'],
  ['name: hub, labels', `name: ${'h'.repeat(64)}, labels`, 'at most 63 characters (it has 64)'],
  ['name: hub, labels', 'name: hub-telco, labels', 'depends on the namespace telco'],
  ['name: hub, labels', 'namespace: other, name: hub, labels', 'in the namespace other'],
  ['labels: { app: hub } }', `labels: { app: ${'x'.repeat(64)} } }`, 'is no label'],
  ['labels: { app: hub } }', 'labels: { app: 1 } }', '"app: 1" is no label'],
  ['ports: [{ name: hub', 'ports: [{ name: hub-of-the-telco', 'at most 15 characters'],
  [
    'name: data, mountPath: /data',
    'name: data, mountPath: /etc/hub',
    'the mount /etc/hub of gateway is rendered',
  ],
  ['- { name: EXTRA', '- { name: TOKEN', 'the variable TOKEN of gateway is rendered more than once'],
])('a wrong name: %s -> %s', (from, to, finding) => {
  expect(names(from, to)).toEqual([expect.stringContaining(finding)]);
});

test.each<[from: string, to: string, finding: string]>([
  [
    'secretKeyRef: { name: users-own',
    'secretKeyRef: { name: nobodys',
    'Deployment/hub: refers to Secret/nobodys',
  ],
  [
    'token, optional: true',
    'token',
    'refers to Secret/perhaps, which is neither rendered nor named by a value',
  ],
  ['configMap: { name: hub }', 'configMap: { name: hub-config }', 'refers to ConfigMap/hub-config'],
  ['kind: ConfigMap\n', 'kind: Secret\n', 'refers to ConfigMap/hub,'],
  ['claimName: hub', 'claimName: data', 'refers to PersistentVolumeClaim/data'],
  ['serviceAccountName: hub', 'serviceAccountName: other', 'refers to ServiceAccount/other'],
  ['name: data, mountPath', 'name: store, mountPath', 'mounts the volume store, which the pod has not'],
  ['targetPort: hub', 'targetPort: http', 'Service/hub: leads to the port http, which no container has'],
  ['targetPort: hub', 'targetPort: 8081', 'leads to the port 8081'],
  ['name: hub, port: { name: hub }', 'name: hub, port: { number: 8080 }', 'Ingress/hub: leads to hub:8080'],
  ['kind: Deployment, name: hub', 'kind: Deployment, name: gateway', 'scales Deployment/gateway'],
  [
    'spec: { selector: { matchLabels: { app: hub',
    'spec: { selector: { matchLabels: { app: gw',
    'PodDisruptionBudget/hub: selects no pod',
  ],
])('a reference to nothing: %s -> %s', (from, to, finding) => {
  expect(missing(from, to)).toEqual([expect.stringContaining(finding)]);
});

test('a ServiceMonitor scrapes a port that a Service with these labels has', () => {
  const monitor = (port: string, app: string) =>
    parse(`{ apiVersion: monitoring.coreos.com/v1, kind: ServiceMonitor, metadata: { name: hub },
      spec: { selector: { matchLabels: { app: ${app} } }, endpoints: [{ port: ${port} }] } }`) as Manifest;
  const found = (port: string, app: string) =>
    missingReferences([...parseManifests(GOOD), monitor(port, app)], VALUES);
  expect(found('hub', 'hub')).toEqual([]);
  for (const [port, app] of [
    ['admin', 'hub'],
    ['hub', 'other'],
  ] as const)
    expect(found(port, app)).toEqual([
      expect.stringContaining(`ServiceMonitor/hub: scrapes the port ${port},`),
    ]);
});

test('what is no manifest is an error', () => {
  expect(() => parseManifests('a: 1\na: 2')).toThrow(
    'a rendered document is no YAML: Map keys must be unique',
  );
  expect(() => parseManifests('kind: Service\nmetadata: { name: hub }')).toThrow(
    'has no apiVersion, kind or name',
  );
  expect(parseManifests('# nothing\n---\n---\n')).toEqual([]);
});
