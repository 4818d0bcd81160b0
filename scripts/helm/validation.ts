/** Manifests held against what the cluster would accept: Kubernetes' own kinds, and custom resources. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { exists } from '../services/cache.ts';
import type { KubernetesVersion } from './kubernetes-schemas.ts';
import { called, type Manifest } from './manifests.ts';

/** A file `<kind in lower case>.schema.json` for each, as the operator's definition of the resource has it. */
export const CUSTOM_RESOURCES = path.join(import.meta.dirname, 'custom-resources');

interface KindSchema {
  readonly 'x-kubernetes-group-version-kind'?: readonly { group: string; kind: string; version: string }[];
}

/** What a manifest would be refused for, a sentence each; a kind that nobody describes is refused. */
export type Validate = (manifest: Manifest) => Promise<string[]>;

/** `schemas` is the folder that `kubernetesSchemas` gives. Throws on a schema that is none. */
export async function validatorOf(
  schemas: string,
  version: KubernetesVersion,
  customResources = CUSTOM_RESOURCES,
): Promise<Validate> {
  const directory = path.join(schemas, version);
  // The schemas have keywords and formats of Kubernetes' own, which say nothing here.
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
  ajv.addSchema((await json(path.join(directory, '_definitions.json'))) as object);
  const compiled = new Map<string, Promise<ValidateFunction | undefined>>();

  const find = async ({ apiVersion, kind }: Manifest): Promise<ValidateFunction | undefined> => {
    const [apiGroup = '', apiOf = apiVersion] = apiVersion.includes('/') ? apiVersion.split('/') : [''];
    const parts = [kind.toLowerCase(), apiGroup.split('.')[0] ?? '', apiOf].filter((part) => part !== '');
    const builtIn = path.join(directory, `${parts.join('-')}.json`);
    if (await exists(builtIn)) {
      const schema = (await json(builtIn)) as KindSchema;
      const kinds = schema['x-kubernetes-group-version-kind'] ?? [];
      if (kinds.some(({ group, kind: name }) => group === apiGroup && name === kind))
        return ajv.compile(schema);
    }
    const custom = path.join(customResources, `${kind.toLowerCase()}.schema.json`);
    return (await exists(custom)) ? ajv.compile((await json(custom)) as object) : undefined;
  };

  return async (manifest) => {
    const key = `${manifest.apiVersion} ${manifest.kind}`;
    if (!compiled.has(key)) compiled.set(key, find(manifest));
    const validate = await compiled.get(key);
    if (validate === undefined)
      return [
        `${called(manifest)}: Kubernetes ${version} has no ${key}, and nothing in ${path.basename(customResources)}/ describes it`,
      ];
    if (validate(manifest)) return [];
    return (validate.errors ?? []).map((error) => `${called(manifest)}: ${sentence(error)}`);
  };
}

async function json(file: string): Promise<unknown> {
  return JSON.parse(await readFile(file, 'utf8')) as unknown;
}

function sentence({ instancePath, message = 'is wrong', params }: ErrorObject): string {
  const about = Object.entries(params as Record<string, unknown>)
    .filter(([name]) => ['additionalProperty', 'allowedValues', 'allowedValue'].includes(name))
    .map(([, value]) => ` (${[value].flat().join(', ')})`);
  return `${instancePath || '/'} ${message}${about.join('')}`;
}
