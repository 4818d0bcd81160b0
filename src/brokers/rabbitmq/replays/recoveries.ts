/** Who waits until the lost events of a subscription were offered. */
export class Recoveries {
  readonly #isUnderWay: (subscriptionId: string) => boolean;
  readonly #waiting = new Map<string, PromiseWithResolvers<undefined>>();

  constructor(isUnderWay: (subscriptionId: string) => boolean) {
    this.#isUnderWay = isUnderWay;
  }

  /** Undefined when none is under way. */
  of(subscriptionId: string): Promise<void> | undefined {
    if (!this.#isUnderWay(subscriptionId)) return undefined;
    const waiting = this.#waiting.get(subscriptionId) ?? Promise.withResolvers<undefined>();
    this.#waiting.set(subscriptionId, waiting);
    return waiting.promise;
  }

  /** Something of this subscription has moved. Cheap. */
  check(subscriptionId: string): void {
    const waiting = this.#waiting.get(subscriptionId);
    if (!waiting || this.#isUnderWay(subscriptionId)) return;
    this.#waiting.delete(subscriptionId);
    waiting.resolve(undefined);
  }
}
