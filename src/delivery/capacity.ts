import { sleep, type Clock, type Timer } from '../time.ts';
import type { TmfEvent } from '../tmf/event.ts';

/** Somebody who holds events in memory or makes attempts: one subscription. */
export interface Tenant {
  /** Bytes of the events it holds. */
  readonly heldBytes: number;
  /** Lets go of what it can; the events are read again later (RULES 16). */
  evict(): void;
  /** There is room or a slot again after one was refused. */
  capacityAgain(): void;
}

export interface CapacityLimits {
  /** Bytes of events in memory, each event counted once however many subscriptions hold it. */
  readonly memory: number;
  /** Concurrent attempts. */
  readonly slots: number;
}

/** An eviction helps only when the largest tenant holds clearly more than the one that asks. */
const WORTH_EVICTING = 2;
/** Two that both want more than there is must not evict each other in turns without end. */
const EVICTION_PAUSE_MS = 100;
/** Refused tenants are told when this part of the memory is free again. */
const FREE_AGAIN = 0.9;

/** What all subscriptions of the process share: memory for waiting events, and concurrent attempts. */
export class Capacity {
  readonly #limits: CapacityLimits;
  readonly #clock: Clock;
  readonly #tenants = new Set<Tenant>();
  readonly #refusedRoom = new Set<Tenant>();
  readonly #refusedSlot = new Set<Tenant>();
  #bytes = 0;
  #slots = 0;
  /** Tenants with attempts under way. */
  #working = 0;
  #onIdle: (() => void) | undefined;
  #evictionPause: Timer | undefined;

  constructor(limits: CapacityLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get slotsInUse(): number {
    return this.#slots;
  }

  hold(event: TmfEvent, tenant: Tenant): void {
    const holds = event.holds ?? 0;
    if (holds === 0) this.#bytes += event.bytes.length;
    event.holds = holds + 1;
    this.#tenants.add(tenant);
  }

  release(event: TmfEvent): void {
    event.holds = (event.holds ?? 0) - 1;
    if (event.holds > 0) return;
    this.#bytes -= event.bytes.length;
    if (this.#refusedRoom.size > 0 && this.#bytes < this.#limits.memory * FREE_AGAIN) wake(this.#refusedRoom);
  }

  forget(tenant: Tenant): void {
    this.#tenants.delete(tenant);
    this.#refusedRoom.delete(tenant);
    this.#refusedSlot.delete(tenant);
  }

  /**
   * May this tenant hold one more event? Always when it holds none. When memory is full, the largest tenant is
   * evicted if that is not the one that asks.
   */
  hasRoom(tenant: Tenant): boolean {
    if (this.#bytes < this.#limits.memory || tenant.heldBytes === 0) return true;
    const largest = this.#largest();
    if (largest && largest !== tenant && largest.heldBytes > tenant.heldBytes * WORTH_EVICTING)
      this.#evict(largest);
    if (this.#bytes < this.#limits.memory) return true;
    this.#refusedRoom.add(tenant);
    return false;
  }

  #evict(tenant: Tenant): void {
    if (this.#evictionPause) return;
    this.#evictionPause = this.#clock.after(EVICTION_PAUSE_MS, () => {
      this.#evictionPause = undefined;
      wake(this.#refusedRoom);
    });
    tenant.evict();
  }

  /**
   * A slot for one attempt. When all are taken, a tenant still gets up to its fair share, so that slow listeners cannot
   * starve a quick one (promise 3); there are never more than twice as many attempts as slots, or one for each tenant.
   * `own`: attempts that it has under way. `always`: for a circuit's one probe, which is never refused.
   */
  takeSlot(tenant: Tenant, own: number, always = false): boolean {
    const share = Math.max(1, Math.floor(this.#limits.slots / Math.max(1, this.#working)));
    if (!always && own > 0 && own >= share && this.#slots >= this.#limits.slots) {
      this.#refusedSlot.add(tenant);
      return false;
    }
    if (own === 0) this.#working++;
    this.#slots++;
    return true;
  }

  /** `own`: attempts that the tenant still has under way. */
  releaseSlot(own: number): void {
    this.#slots--;
    if (own === 0) this.#working--;
    if (this.#slots === 0) this.#onIdle?.();
    if (this.#refusedSlot.size > 0 && this.#slots < this.#limits.slots) wake(this.#refusedSlot, 1);
  }

  /** Resolves when no attempt is under way, or after `timeoutMs`. */
  async idle(timeoutMs: number): Promise<void> {
    if (this.#slots === 0) return;
    const idle = new Promise<void>((resolve) => (this.#onIdle = resolve));
    await Promise.race([idle, sleep(this.#clock, timeoutMs)]);
  }

  #largest(): Tenant | undefined {
    let largest: Tenant | undefined;
    for (const tenant of this.#tenants) {
      if (tenant.heldBytes === 0) this.#tenants.delete(tenant);
      else if (tenant.heldBytes > (largest?.heldBytes ?? 0)) largest = tenant;
    }
    return largest;
  }
}

function wake(refused: Set<Tenant>, most = Infinity): void {
  for (const tenant of [...refused]) {
    if (most-- <= 0) return;
    refused.delete(tenant);
    tenant.capacityAgain();
  }
}
