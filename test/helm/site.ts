/** What a gateway in a rendered pod gets to see: its file, its environment, what is mounted. */
import {
  containersOf,
  podOf,
  type Container,
  type Manifest,
  type PodSpec,
  type Volume,
} from '../../scripts/helm/manifests.ts';

export interface Site {
  readonly container: Container;
  readonly pod: PodSpec;
  readonly annotations: Readonly<Record<string, string>>;
  /** Content of the file that TMF_HUB_CONFIG names. */
  readonly file: string;
}

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef?: { readonly name: string; readonly key: string } };
}

/** Of the first Deployment. Throws when its pod has no gateway, or nothing where its file is to be. */
export function siteOf(manifests: readonly Manifest[]): Site {
  const deployment = manifests.find(({ kind }) => kind === 'Deployment');
  const pod = deployment && podOf(deployment)?.spec;
  if (!pod) throw new Error('there is no pod');
  const container = containersOf(pod).find((one) => fileNamed(one) !== undefined);
  if (!container) throw new Error('no container of the pod has TMF_HUB_CONFIG');
  const path = fileNamed(container) ?? '';
  const { volume, inside } = volumeAt({ container, pod }, path);
  const map = manifests.find(
    ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === volume.configMap?.name,
  );
  const file = (map?.['data'] as Record<string, string> | undefined)?.[inside];
  if (file === undefined) throw new Error(`no ConfigMap has ${path}`);
  return { container, pod, annotations: annotationsOf(deployment), file };
}

function fileNamed({ env = [] }: Container): string | undefined {
  return (env as readonly Variable[]).find(({ name }) => name === 'TMF_HUB_CONFIG')?.value;
}

function annotationsOf(deployment: Manifest): Record<string, string> {
  const { template } = deployment['spec'] as { template: { metadata?: Manifest['metadata'] } };
  return { ...template.metadata?.annotations };
}

/** Which volume has a path of the container, and what of the path is below its mount. Throws when none has. */
export function volumeAt(
  { container, pod }: Pick<Site, 'container' | 'pod'>,
  path: string,
): { readonly volume: Volume; readonly inside: string } {
  const mount = container.volumeMounts?.find(({ mountPath }) => path.startsWith(`${mountPath}/`));
  const volume = pod.volumes?.find(({ name }) => name === mount?.name);
  if (!mount || !volume) throw new Error(`nothing is mounted where ${path} is to be`);
  return { volume, inside: path.slice(mount.mountPath.length + 1) };
}

/** The container's environment; `secret` says what the secrets have. Throws on a variable without any value. */
export function environmentOf(
  { env = [] }: Container,
  secret: (variable: string) => string,
): Record<string, string> {
  const variables = env as readonly Variable[];
  return Object.fromEntries(
    variables.map(({ name, value, valueFrom }) => {
      if (value !== undefined) return [name, value];
      if (valueFrom?.secretKeyRef === undefined) throw new Error(`${name} has no value`);
      return [name, secret(name)];
    }),
  );
}
