/** What manifests refer to by name, label or port must be there: a cluster finds out only when it is too late. */
import { called, containersOf, type Manifest, type Pod, podOf, type Reference } from './manifests.ts';

interface Wanted {
  readonly kind: string;
  readonly name: string;
}

/** Keys of values that only name what the chart makes itself. */
const NAMES_OF_ITS_OWN = ['nameOverride', 'fullnameOverride'];

/** What is not there, a sentence each. What the `values` name (the defaults' are part of them) is the user's to have. */
export function missingReferences(manifests: readonly Manifest[], values: unknown): string[] {
  const named = new Set(stringsIn(values));
  const isThere = ({ kind, name }: Wanted): boolean =>
    named.has(name) ||
    manifests.some((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  const pods = manifests.flatMap((manifest) => podOf(manifest) ?? []);
  return [
    ...pods.flatMap((pod) => ofPod(pod, isThere)),
    ...manifests.flatMap((manifest) =>
      ofManifest(manifest, manifests, pods).map((what) => `${called(manifest)}: ${what}`),
    ),
  ];
}

function ofPod({ of, spec }: Pod, isThere: (wanted: Wanted) => boolean): string[] {
  const missing = wantedBy(spec).filter((wanted) => !isThere(wanted));
  const volumes = new Set((spec.volumes ?? []).map(({ name }) => name));
  const unmounted = containersOf(spec).flatMap(({ name, volumeMounts = [] }) =>
    volumeMounts
      .filter((mount) => !volumes.has(mount.name))
      .map((mount) => `${name} mounts the volume ${mount.name}, which the pod has not`),
  );
  return [
    ...missing.map(
      ({ kind, name }) => `refers to ${kind}/${name}, which is neither rendered nor named by a value`,
    ),
    ...unmounted,
  ].map((what) => `${called(of)}: ${what}`);
}

function wantedBy(spec: Pod['spec']): Wanted[] {
  const { serviceAccountName = 'default', imagePullSecrets = [], volumes = [] } = spec;
  const sources = [
    ...containersOf(spec).flatMap(({ env = [], envFrom = [] }) => [
      ...env.map(({ valueFrom = {} }) => valueFrom),
      ...envFrom,
    ]),
    ...volumes.flatMap(({ projected }) => projected?.sources ?? []),
  ];
  return [
    // Every namespace has this one.
    ...(serviceAccountName === 'default' ? [] : [{ kind: 'ServiceAccount', name: serviceAccountName }]),
    ...imagePullSecrets.map(({ name }) => ({ kind: 'Secret', name })),
    ...sources.flatMap((source) => [
      ...wanted('ConfigMap', source['configMapKeyRef'] ?? source['configMapRef'] ?? source['configMap']),
      ...wanted('Secret', source['secretKeyRef'] ?? source['secretRef'] ?? source['secret']),
    ]),
    ...volumes.flatMap(({ configMap, secret, persistentVolumeClaim: claim }) => [
      ...wanted('ConfigMap', configMap),
      ...wanted('Secret', secret && { ...secret, name: secret.secretName }),
      ...wanted('PersistentVolumeClaim', claim && { name: claim.claimName }),
    ]),
  ];
}

function wanted(kind: string, reference: Reference | undefined): Wanted[] {
  return reference === undefined || reference.optional === true ? [] : [{ kind, name: reference.name }];
}

interface Spec {
  readonly selector?: Labels & { readonly matchLabels?: Labels };
  readonly podSelector?: { readonly matchLabels?: Labels };
  readonly ports?: readonly {
    readonly name?: string;
    readonly port: number;
    readonly targetPort?: number | string;
  }[];
  readonly scaleTargetRef?: { readonly kind?: string; readonly name: string };
  readonly rules?: readonly {
    readonly http?: { readonly paths: readonly { readonly backend: Backend }[] };
  }[];
  readonly defaultBackend?: Backend;
  readonly endpoints?: readonly { readonly port?: string }[];
}

interface Backend {
  readonly service?: {
    readonly name: string;
    readonly port: { readonly name?: string; readonly number?: number };
  };
}

type Labels = Readonly<Record<string, string>>;

function ofManifest(manifest: Manifest, manifests: readonly Manifest[], pods: readonly Pod[]): string[] {
  const spec = (manifest['spec'] ?? {}) as Spec;
  switch (manifest.kind) {
    case 'Deployment':
    case 'StatefulSet':
      return ofSelector(
        spec.selector?.matchLabels,
        pods.filter(({ of }) => of === manifest),
      );
    case 'PodDisruptionBudget':
      return ofSelector(spec.selector?.matchLabels, pods);
    case 'NetworkPolicy':
      return ofSelector(spec.podSelector?.matchLabels, pods);
    case 'Service':
      return [...ofSelector(spec.selector, pods), ...ofTargetPorts(spec, pods)];
    case 'HorizontalPodAutoscaler':
    case 'ScaledObject': {
      const { kind = 'Deployment', name = '' } = spec.scaleTargetRef ?? {};
      const isThere = manifests.some((other) => other.kind === kind && other.metadata.name === name);
      return isThere ? [] : [`scales ${kind}/${name}, which is not rendered`];
    }
    case 'ServiceMonitor':
      return ofMonitor(spec, manifests);
    case 'Ingress':
      return [
        ...(spec.defaultBackend ? [spec.defaultBackend] : []),
        ...(spec.rules ?? []).flatMap(({ http }) => http?.paths.map(({ backend }) => backend) ?? []),
      ].flatMap((backend) => ofBackend(backend, manifests));
    default:
      return [];
  }
}

function selected(labels: Labels, pods: readonly Pod[]): Pod[] {
  return pods.filter((pod) => Object.entries(labels).every(([key, value]) => pod.labels[key] === value));
}

function ofSelector(labels: Labels = {}, pods: readonly Pod[]): string[] {
  return selected(labels, pods).length > 0
    ? []
    : [`selects no pod that is rendered (${JSON.stringify(labels)})`];
}

function ofTargetPorts({ selector = {}, ports = [] }: Spec, pods: readonly Pod[]): string[] {
  const open = selected(selector as Labels, pods).flatMap(({ spec }) =>
    containersOf(spec).flatMap((container) => container.ports ?? []),
  );
  return ports
    .map(({ port, targetPort = port }) => targetPort)
    .filter((target) => !open.some(({ name, containerPort }) => name === target || containerPort === target))
    .map((target) => `leads to the port ${target}, which no container has`);
}

function ofMonitor({ selector, endpoints = [] }: Spec, manifests: readonly Manifest[]): string[] {
  const labels = Object.entries(selector?.matchLabels ?? {});
  const services = manifests.filter(
    ({ kind, metadata }) =>
      kind === 'Service' && labels.every(([key, value]) => metadata.labels?.[key] === value),
  );
  const ports = services.flatMap(({ spec }) => (spec as Spec).ports ?? []);
  return endpoints
    .filter(({ port }) => port !== undefined && !ports.some(({ name }) => name === port))
    .map(({ port = '' }) => `scrapes the port ${port}, which no Service that it selects has`);
}

function ofBackend({ service }: Backend, manifests: readonly Manifest[]): string[] {
  if (service === undefined) return [];
  const found = manifests.find(({ kind, metadata }) => kind === 'Service' && metadata.name === service.name);
  const { ports = [] } = (found?.['spec'] ?? {}) as Spec;
  const { name, number } = service.port;
  const isThere = ports.some((port) => (name === undefined ? port.port === number : port.name === name));
  return isThere
    ? []
    : [`leads to ${service.name}:${String(name ?? number)}, a port that no Service here has`];
}

function stringsIn(values: unknown): string[] {
  if (typeof values === 'string') return [values];
  if (typeof values !== 'object' || values === null) return [];
  return Object.entries(values).flatMap(([key, value]) =>
    NAMES_OF_ITS_OWN.includes(key) ? [] : stringsIn(value),
  );
}
