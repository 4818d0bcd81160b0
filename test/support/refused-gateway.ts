import { freePorts } from '../../scripts/services/ports.ts';
import { GatewayProcess } from './gateway-process.ts';
import { until } from './listener.ts';

interface Line {
  readonly level: number;
  readonly reason?: string;
}

interface Readiness {
  readonly parts: Readonly<Record<string, { readonly ok: boolean; readonly reason?: string }>>;
}

type Counter = () => number | Promise<number>;

const WARN = 40;

/** A gateway process that a broker or Redis may not let in: it is seen before it listens, too. */
export class RefusedGateway {
  readonly process: GatewayProcess;
  readonly #admin: string;

  private constructor(process: GatewayProcess, admin: string) {
    this.process = process;
    this.#admin = admin;
  }

  /** `settings` are TMF_HUB_* variables. It may never be ready. */
  static async launch(dataDir: string, settings: Readonly<Record<string, string>>): Promise<RefusedGateway> {
    const [port] = await freePorts(1);
    const all = { TMF_HUB_LOG_LEVEL: 'info', TMF_HUB_ADMIN_PORT: `${port}`, ...settings };
    return new RefusedGateway(GatewayProcess.launch(dataDir, all), `http://127.0.0.1:${port}`);
  }

  /** What `/readyz` says of each part; undefined while nobody can be asked. */
  async parts(): Promise<Readiness['parts'] | undefined> {
    const answer = await this.#get('/readyz');
    return (((await answer?.json()) ?? {}) as Partial<Readiness>).parts;
  }

  async untilWell(part: string): Promise<void> {
    await until(async () => (await this.parts())?.[part]?.ok, `${part} is well`);
  }

  /** All parts are well, and it takes requests. */
  async untilReady(): Promise<void> {
    await until(async () => (await this.#get('/readyz'))?.status === 200, 'all is well');
    await this.process.listening();
  }

  /**
   * Waits until a part is not well for the reason `sentence`, or one like it, and then for some attempts more, which `attempts`
   * counts. Resolves with the reason: that it was logged is for `complaints` to say.
   */
  async untilRefused(part: string, sentence: RegExp | string, attempts: Counter): Promise<string> {
    const seen = async () => {
      const reason = (await this.parts())?.[part]?.reason;
      return reason !== undefined &&
        (typeof sentence === 'string' ? reason === sentence : sentence.test(reason))
        ? reason
        : undefined;
    };
    const reason = await until(seen, `${part} is not well for a reason like ${sentence}`);
    const enough = (await attempts()) + 2;
    await until(async () => (await attempts()) >= enough, 'some attempts more');
    expect([(await this.#get('/healthz'))?.status, (await this.#get('/readyz'))?.status]).toEqual([200, 503]);
    return reason;
  }

  /** How often a reason was told, as a warning or an error. */
  complaints(reason: string): number {
    return this.#lines().filter((line) => line.level >= WARN && line.reason === reason).length;
  }

  /** Holds it to saying nothing but lines of its log, none with a stack, and none of the `secrets` in any form. */
  expectDiscretion(secrets: readonly string[]): void {
    const all = this.#lines().length === 0 ? '' : this.process.output.join('\n');
    expect(all).toContain('"level"');
    expect(all).not.toMatch(/\\n\s+at /);
    for (const secret of secrets)
      for (const form of [secret, encodeURIComponent(secret)]) expect(all).not.toContain(form);
  }

  /** Throws for what is no line of a log. */
  #lines(): Line[] {
    return this.process.output.map((line) => JSON.parse(line) as Line);
  }

  #get(path: string): Promise<Response | undefined> {
    return fetch(this.#admin + path).catch(() => undefined);
  }
}
