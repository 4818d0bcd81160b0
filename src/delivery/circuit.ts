import type { DeliverySettings } from './settings.ts';

/**
 * Poison event or dead endpoint? Closed: attempts flow. Open: the endpoint counts as down, events wait and burn no
 * attempts, one probe at a time goes out with growing pauses. Pure: it is told the time and what happened.
 *
 * It opens when `threshold` different events failed in a row, when `rejectionThreshold` were rejected in a row
 * (RULES 12), or when one event failed again in a way that speaks of the endpoint with no success in between (RULES 10).
 * Any success closes it. One that opened because nothing answered also closes when a probe gets an answer that speaks
 * of the event only: the endpoint is there, and the event follows its schedule (RULES 11).
 */
export class Circuit {
  readonly #settings: DeliverySettings['circuit'];
  /** The events that failed since the last success, as far as needed to count to the threshold. */
  #failing = new Set<string>();
  #rejections = 0;
  #openedAt: number | undefined;
  #unreachable = false;
  #probeAt = 0;
  /** What the listener asked for with Retry-After: no probe earlier. */
  #notBefore = 0;
  #probePause = 0;
  #probing = false;
  #failedProbes = 0;

  constructor(settings: DeliverySettings['circuit']) {
    this.#settings = settings;
  }

  get state(): 'closed' | 'open' | 'probing' {
    if (this.#openedAt === undefined) return 'closed';
    return this.#probing ? 'probing' : 'open';
  }

  isClosed(): boolean {
    return this.#openedAt === undefined;
  }

  /** Probes that failed since the circuit opened. */
  get failedProbes(): number {
    return this.#failedProbes;
  }

  /** When the next probe may go out (monotonic milliseconds); only while open. */
  get probeAt(): number {
    return Math.max(this.#probeAt, this.#notBefore);
  }

  /** Open for so long that the subscription is to be suspended. */
  isOverdue(now: number): boolean {
    return this.#openedAt !== undefined && now - this.#openedAt >= this.#settings.suspendAfter;
  }

  /** True when this success closed an open circuit. */
  succeeded(): boolean {
    const wasOpen = this.#openedAt !== undefined;
    this.#failing.clear();
    this.#rejections = 0;
    this.#openedAt = undefined;
    this.#probing = false;
    this.#notBefore = 0;
    return wasOpen;
  }

  /** The probe got an answer that speaks of its event, not of the endpoint. True when that closed the circuit. */
  answered(): boolean {
    return this.#probing && this.#unreachable && this.succeeded();
  }

  /** An attempt of a closed circuit failed; `endpointDown` when it alone says that the endpoint is down. */
  failed(eventId: string, endpointDown: boolean, now: number): void {
    this.#failing.add(eventId);
    this.#rejections = 0;
    if (endpointDown || this.#failing.size >= this.#settings.threshold) this.#open(now, endpointDown);
  }

  rejected(now: number): void {
    if (++this.#rejections >= this.#settings.rejectionThreshold) this.#open(now, false);
  }

  /** Takes the right to send the one probe, when it is time. */
  takeProbe(now: number): boolean {
    if (this.#openedAt === undefined || this.#probing || now < this.probeAt) return false;
    this.#probing = true;
    return true;
  }

  /** The listener asked for a pause: while open, no probe goes out before `until` (monotonic milliseconds). */
  askedToWait(until: number): void {
    if (this.#openedAt !== undefined) this.#notBefore = Math.max(this.#notBefore, until);
  }

  /** The probe failed: the next one later. */
  probeFailed(now: number): void {
    if (!this.#probing) return;
    this.#probing = false;
    this.#failedProbes++;
    this.#probePause = Math.min(this.#probePause * 2, this.#settings.probeMax);
    this.#probeAt = now + this.#probePause;
  }

  /** The probe came to nothing (shutdown, eviction): another may go at once. */
  probeAbandoned(): void {
    this.#probing = false;
  }

  #open(now: number, unreachable: boolean): void {
    if (this.#openedAt !== undefined) return;
    this.#unreachable = unreachable;
    this.#openedAt = now;
    this.#probing = false;
    this.#failedProbes = 0;
    this.#probePause = this.#settings.probeMin;
    this.#probeAt = now + this.#probePause;
    this.#failing = new Set();
    this.#rejections = 0;
  }
}
