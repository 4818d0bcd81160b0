/** Kubernetes resources as a chart renders them, as far as they are looked into here. */
import { parseAllDocuments } from 'yaml';

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [member: string]: unknown;
}

/** All documents that say something. Throws on what is no YAML, on a key that comes twice, and on what has no kind or name. */
export function parseManifests(yaml: string): Manifest[] {
  return parseAllDocuments(yaml)
    .map((document) => {
      const [error] = document.errors;
      if (error !== undefined) throw new Error(`a rendered document is no YAML: ${error.message}`);
      return document.toJS() as unknown;
    })
    .filter((document) => document !== null && document !== undefined)
    .map((document) => {
      const { apiVersion, kind, metadata } = document as Partial<Manifest>;
      const isNamed = typeof metadata?.name === 'string' && metadata.name !== '';
      if (typeof apiVersion === 'string' && typeof kind === 'string' && isNamed) return document as Manifest;
      throw new Error(
        `a rendered document has no apiVersion, kind or name: ${JSON.stringify(document).slice(0, 200)}`,
      );
    });
}

/** Such as Deployment/hub. */
export function called({ kind, metadata }: Manifest): string {
  return `${kind}/${metadata.name}`;
}

/** What Kubernetes runs of a manifest: the template of a Deployment and its like, with labels. */
export interface Pod {
  readonly of: Manifest;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
}

export interface PodSpec {
  readonly serviceAccountName?: string;
  readonly imagePullSecrets?: readonly { readonly name: string }[];
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly Volume[];
}

export interface Container {
  readonly name: string;
  readonly env?: readonly {
    readonly name: string;
    readonly valueFrom?: Readonly<Record<string, Reference>>;
  }[];
  readonly envFrom?: readonly Readonly<Record<string, Reference>>[];
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}

export interface Reference {
  readonly name: string;
  readonly optional?: boolean;
}

export interface Volume {
  readonly name: string;
  readonly configMap?: Reference;
  readonly secret?: { readonly secretName: string; readonly optional?: boolean };
  readonly persistentVolumeClaim?: { readonly claimName: string };
  readonly projected?: { readonly sources: readonly Readonly<Record<string, Reference>>[] };
}

export function podOf(manifest: Manifest): Pod | undefined {
  const { template } = (manifest['spec'] ?? {}) as {
    template?: { metadata?: Manifest['metadata']; spec?: PodSpec };
  };
  if (template?.spec?.containers === undefined) return undefined;
  return { of: manifest, labels: template.metadata?.labels ?? {}, spec: template.spec };
}

export function containersOf({ containers, initContainers = [] }: PodSpec): readonly Container[] {
  return [...initContainers, ...containers];
}
