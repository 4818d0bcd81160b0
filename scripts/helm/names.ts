/** Rules that Kubernetes has for names and labels and that its schemas do not say. */
import { called, containersOf, type Manifest, podOf } from './manifests.ts';

/** Of labels, Services, containers and volumes, and good for every other resource. */
const LABEL = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
const PORT_NAME = /^(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$/;
const LABEL_KEY = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?)?$/;

/** What is wrong with the names of a release's manifests, a sentence each. */
export function wrongNames(manifests: readonly Manifest[], namespace: string): string[] {
  return [
    ...twice(manifests.map(called)),
    ...manifests.flatMap((manifest) => [...ofManifest(manifest, namespace), ...ofPod(manifest)]),
  ];
}

function twice(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))].map(
    (name) => `${name} is rendered more than once`,
  );
}

function ofManifest(manifest: Manifest, namespace: string): string[] {
  const { name, namespace: its, labels = {} } = manifest.metadata;
  const wrong = [
    ...(LABEL.test(name)
      ? []
      : [`its name is no DNS label of at most 63 characters (it has ${name.length})`]),
    ...(name.includes(namespace) ? [`its name depends on the namespace ${namespace}`] : []),
    ...(its === undefined || its === namespace
      ? []
      : [`it is in the namespace ${its}, not in the release's`]),
    ...wrongLabels(labels),
  ];
  return wrong.map((what) => `${called(manifest)}: ${what}`);
}

function wrongLabels(labels: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(labels)
    .filter(([key, value]) => !LABEL_KEY.test(key) || typeof value !== 'string' || !LABEL_VALUE.test(value))
    .map(([key, value]) => `"${key}: ${String(value)}" is no label`);
}

function ofPod(manifest: Manifest): string[] {
  const pod = podOf(manifest);
  if (pod === undefined) return [];
  const { spec, labels } = pod;
  const containers = containersOf(spec);
  const ports = containers.flatMap(({ ports = [] }) => ports.flatMap(({ name }) => name ?? []));
  const volumes = (spec.volumes ?? []).map(({ name }) => name);
  const names = [...containers.map(({ name }) => name), ...volumes];
  const wrong = [
    ...wrongLabels(labels),
    ...names.filter((name) => !LABEL.test(name)).map((name) => `${name} is no name of a container or volume`),
    ...ports
      .filter((name) => !PORT_NAME.test(name))
      .map((name) => `${name} is no name of a port, which has at most 15 characters`),
    ...twice(containers.map(({ name }) => `the container ${name}`)),
    ...twice(volumes.map((name) => `the volume ${name}`)),
    ...twice(ports.map((name) => `the port ${name}`)),
    ...containers.flatMap(({ name, env = [], volumeMounts = [] }) => [
      ...twice(env.map((variable) => `the variable ${variable.name} of ${name}`)),
      ...twice(volumeMounts.map(({ mountPath }) => `the mount ${mountPath} of ${name}`)),
    ]),
  ];
  return wrong.map((what) => `${called(manifest)}: ${what}`);
}
