import type { Resource } from './journey-cast.ts';
import { bill, product, service } from './journey-inventory.ts';
import { individual, productOrder, resourceOrder, serviceOrder } from './journey-orders.ts';

/** One thing that happens in the customer's journey: which API says it, and the words for people. */
export interface Step {
  /** What happens, for someone who never saw TM Forum. */
  readonly caption: string;
  /** Of the hub that the event is published at. */
  readonly basePath: string;
  readonly eventType: string;
  /** Name of the resource inside the event, e.g. `productOrder`. */
  readonly entity: string;
  readonly resource: Resource;
}

export const PARTY = '/tmf-api/party/v4';
export const PRODUCT_ORDERING = '/tmf-api/productOrderingManagement/v4';
export const SERVICE_ORDERING = '/tmf-api/serviceOrdering/v4';
export const RESOURCE_ORDERING = '/tmf-api/resourceOrderingManagement/v4';
export const PRODUCT_INVENTORY = '/tmf-api/productInventory/v4';
export const SERVICE_INVENTORY = '/tmf-api/serviceInventory/v4';
// Bills are announced from version 5 of their API on; version 4 has no events.
export const BILLS = '/tmf-api/customerBillManagement/v5';

/** Phases of the sign-up, in the order in which a carrier's systems live it. */
export interface Journey {
  readonly signUp: readonly Step[];
  readonly fulfilment: readonly Step[];
  readonly completion: readonly Step[];
}

/**
 * "Leyla signs up for a mobile plan": party, product order, service and resource order, inventory, first bill.
 * `tag` makes the resource ids of one run its own; `now` is milliseconds since the epoch.
 */
export function journey(tag: string, now: number): Journey {
  const at = new Date(now).toISOString();
  const order = step(PRODUCT_ORDERING, 'ProductOrder', 'productOrder');
  const serviceStep = step(SERVICE_ORDERING, 'ServiceOrder', 'serviceOrder');
  const resourceStep = step(RESOURCE_ORDERING, 'ResourceOrder', 'resourceOrder');
  const ordered = (state?: string) => productOrder(tag, at, state);
  const built = (state: string) => serviceOrder(tag, at, state);
  const picked = (state: string) => resourceOrder(tag, at, state);
  return {
    signUp: [
      step(PARTY, 'Individual', 'individual')('Create', "a new customer: Leyla O'Hara", individual(tag)),
      order('Create', 'she orders the plan "Roam 20"', ordered()),
      order('StateChange', 'the order is acknowledged', ordered('acknowledged')),
      order('StateChange', 'the order is in progress', ordered('inProgress')),
    ],
    fulfilment: [
      serviceStep('Create', 'a mobile line is ordered from the network', built('acknowledged')),
      resourceStep('Create', 'a SIM and a number are ordered', picked('acknowledged')),
      resourceStep('StateChange', 'the SIM is being prepared', picked('inProgress')),
      serviceStep('StateChange', 'the line is being built', built('inProgress')),
      resourceStep('StateChange', 'SIM and number are ready', picked('completed')),
      serviceStep('StateChange', 'the line is up', built('completed')),
      step(SERVICE_INVENTORY, 'Service', 'service')(
        'Create',
        'the line is in the inventory',
        service(tag, at),
      ),
    ],
    completion: [
      step(PRODUCT_INVENTORY, 'Product', 'product')(
        'Create',
        'the plan is in the inventory',
        product(tag, at),
      ),
      order('StateChange', 'the order is completed', ordered('completed')),
      step(BILLS, 'CustomerBill', 'customerBill')('Create', 'the first bill is made', bill(tag, at)),
    ],
  };
}

function step(basePath: string, type: string, entity: string) {
  return (change: 'Create' | 'StateChange', caption: string, resource: Resource): Step => ({
    caption,
    basePath,
    eventType: `${type}${change}Event`,
    entity,
    resource,
  });
}

/** The TMF event of a step, in the envelope of its API's version. `at` is an ISO time. */
export function eventOf(step: Step, eventId: string, correlationId: string, at: string): object {
  const v5 = step.basePath.endsWith('/v5');
  return {
    ...(v5 && { '@type': step.eventType, '@baseType': 'Event' }),
    eventId,
    eventTime: at,
    eventType: step.eventType,
    correlationId,
    domain: step.basePath === BILLS ? 'Billing' : 'Sign-up',
    title: step.caption,
    description: `Sign-up for a mobile service: ${step.caption}`,
    priority: '3',
    [v5 ? 'timeOccurred' : 'timeOcurred']: at,
    event: { [step.entity]: step.resource },
  };
}
