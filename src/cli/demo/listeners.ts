import {
  openListener,
  type Answer,
  type Listener,
  type ListenerOptions,
  type Received,
} from '../listener.ts';
import * as api from '../journey.ts';
import type { Step } from '../journey.ts';

export type ListenerName = 'billing' | 'CRM' | 'inventory';

/** One `POST /hub` of the play: who registers where, for what. */
export interface Registration {
  readonly listener: ListenerName;
  /** Path of the callback; tells the listener which of its subscriptions an event comes from. */
  readonly path: string;
  /** Base path of the hub; '' is the hub of all APIs. */
  readonly basePath: string;
  readonly query?: string;
  /** Whether an event of the journey is owed to this registration. */
  readonly wants: (step: Step) => boolean;
}

const wholeApi = (listener: ListenerName, path: string, basePath: string): Registration => ({
  listener,
  path,
  basePath,
  wants: (step) => step.basePath === basePath,
});

export const REGISTRATIONS: readonly Registration[] = [
  { listener: 'CRM', path: '/everything', basePath: '', wants: () => true },
  wholeApi('billing', '/parties', api.PARTY),
  {
    listener: 'billing',
    path: '/completed-orders',
    basePath: api.PRODUCT_ORDERING,
    query: 'eventType=ProductOrderStateChangeEvent&event.productOrder.state=completed',
    wants: ({ eventType, resource }) =>
      eventType === 'ProductOrderStateChangeEvent' && resource.state === 'completed',
  },
  wholeApi('billing', '/products', api.PRODUCT_INVENTORY),
  wholeApi('billing', '/bills', api.BILLS),
  wholeApi('inventory', '/service-orders', api.SERVICE_ORDERING),
  wholeApi('inventory', '/resource-orders', api.RESOURCE_ORDERING),
  wholeApi('inventory', '/services', api.SERVICE_INVENTORY),
  wholeApi('inventory', '/products', api.PRODUCT_INVENTORY),
];

/** A real HTTP server that plays one of the systems, with the faults that the plot asks for. */
export class PlayedListener {
  readonly name: ListenerName;
  readonly #answered: ListenerOptions['answered'];
  #server: Listener | undefined;
  #port = 0;
  /** Decides on a request; 204 for all unless the plot says otherwise. */
  answer: (received: Received) => Answer = () => ({ status: 204 });

  constructor(name: ListenerName, answered: ListenerOptions['answered']) {
    this.name = name;
    this.#answered = answered;
  }

  /** Opens the port; the same one again after an outage. */
  async open(): Promise<void> {
    this.#server = await openListener({
      host: '127.0.0.1',
      port: this.#port,
      answer: (received) => this.answer(received),
      answered: this.#answered,
    });
    this.#port = this.#server.port;
  }

  /** Closes the port: from now on connections are refused. */
  async close(): Promise<void> {
    await this.#server?.close();
    this.#server = undefined;
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.#port}${path}`;
  }
}
