import { Circuit } from './circuit.ts';
import { Concurrency } from './concurrency.ts';
import { RateLimit } from './rate-limit.ts';
import type { DeliverySettings } from './settings.ts';

/** `later`: not now; ask again at the time (monotonic ms) if there is one, else when an attempt has ended. */
export type Permission = 'attempt' | 'probe' | { readonly later: number | undefined };

/** May one more attempt of a subscription start now? Joins what limits it: circuit, concurrency and rate. */
export class Pace {
  readonly #settings: DeliverySettings;
  readonly #concurrency: Concurrency;
  readonly #rate: RateLimit;
  #circuit: Circuit;

  constructor(settings: DeliverySettings) {
    this.#settings = settings;
    this.#concurrency = new Concurrency(settings.limits);
    this.#rate = new RateLimit(settings.limits.rate);
    this.#circuit = new Circuit(settings.circuit);
  }

  get circuit(): Circuit {
    return this.#circuit;
  }

  get concurrency(): number {
    return this.#concurrency.limit;
  }

  ask(now: number, inFlight: number): Permission {
    if (!this.#circuit.isClosed()) {
      if (this.#circuit.takeProbe(now)) return 'probe';
      return { later: this.#circuit.state === 'probing' ? undefined : this.#circuit.probeAt };
    }
    if (inFlight >= this.#concurrency.limit) return { later: undefined };
    const later = this.#rate.take(now);
    return later > 0 ? { later } : 'attempt';
  }

  /** The attempt that was just permitted cannot start. */
  notStarted(): void {
    this.#rate.giveBack();
  }

  /** True when this success closed the circuit: the rate ramps up from one at a time. */
  succeeded(durationMs: number): boolean {
    const closed = this.#circuit.succeeded();
    if (closed) this.#concurrency.rampUp();
    else this.#concurrency.succeeded(durationMs);
    return closed;
  }

  /** See `Circuit.answered`. */
  answered(): boolean {
    const closed = this.#circuit.answered();
    if (closed) this.#concurrency.rampUp();
    return closed;
  }

  overloaded(): void {
    this.#concurrency.overloaded();
  }

  /** As if the endpoint had never failed. */
  startAfresh(): void {
    this.#circuit = new Circuit(this.#settings.circuit);
  }
}
