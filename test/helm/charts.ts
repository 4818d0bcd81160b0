/** The charts of helm/, in a copy in which they may be completed, as Helm renders them. */
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Manifest } from '../../scripts/helm/manifests.ts';
import { render } from '../../scripts/helm/render.ts';
import { mustRun } from '../../scripts/helm/run.ts';
import { helm } from '../../scripts/helm/tools.ts';

const HELM = join(import.meta.dirname, '../../helm');

/** The oldest that the charts support. */
const KUBERNETES = '1.30.0';

export class Charts {
  readonly #dir: string;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  /** Where Helm is built first, that takes two minutes. */
  static async copy(): Promise<Charts> {
    const dir = await mkdtemp(join(tmpdir(), 'tmf-hub-charts-'));
    // Somebody may have completed a chart where it stands.
    const filter = (from: string) => !/\/(?:charts|Chart\.lock)$/.test(from);
    await cp(HELM, join(dir, 'helm'), { recursive: true, filter });
    return new Charts(dir);
  }

  get gateway(): string {
    return join(this.#dir, 'helm/tmf-hub-gateway');
  }

  /** helm/examples/legacy-listener with the gateway's chart in it, as its users complete it. */
  async example(): Promise<string> {
    const chart = join(this.#dir, 'helm/examples/legacy-listener');
    const homes = ['CACHE', 'CONFIG', 'DATA'].map((what) => [`HELM_${what}_HOME`, join(this.#dir, what)]);
    const environment = Object.fromEntries(homes) as Record<string, string>;
    await mustRun('completing the example', await helm(), ['dependency', 'build', chart], { environment });
    return chart;
  }

  /** The least chart that takes the gateway into its pod; values of the gateway stand below `tmf-hub-gateway`. */
  async host(): Promise<string> {
    const chart = join(this.#dir, 'host');
    await cp(this.gateway, join(chart, 'charts/tmf-hub-gateway'), { recursive: true });
    await mkdir(join(chart, 'templates'));
    await writeFile(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: host\nversion: 1.0.0\n');
    await writeFile(join(chart, 'templates/deployment.yaml'), HOST);
    return chart;
  }

  /** Rejects with what Helm says where the values are refused. */
  async render(chart: string, values: object, release = 'r'): Promise<readonly Manifest[]> {
    const { ok, manifests, stderr } = await render({ chart, values, release, kubeVersion: KUBERNETES });
    if (!ok) throw new Error(stderr);
    return manifests;
  }

  async remove(): Promise<void> {
    await rm(this.#dir, { recursive: true, force: true });
  }
}

const HOST = `
{{- $hub := index .Subcharts "tmf-hub-gateway" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: host
spec:
  selector: { matchLabels: { app: host } }
  template:
    metadata:
      annotations:
        {{- include "tmf-hub-gateway.sidecar.podAnnotations" $hub | nindent 8 }}
      labels:
        app: host
    spec:
      initContainers:
        {{- include "tmf-hub-gateway.sidecar.container" $hub | nindent 8 }}
      containers:
        - name: host
          image: host
      volumes:
        {{- include "tmf-hub-gateway.sidecar.volumes" $hub | nindent 8 }}
`;
