type Json = Record<string, unknown>;

/** A valid event of TMF622, in the shape of that major version. `order`: members that the order has instead. */
export function orderEvent(major: 4 | 5, order: Json = {}): Json {
  const typed = (type: string): Json => (major === 5 ? { '@type': type } : {});
  const party = { id: 'p1', name: 'Ann', '@referredType': 'Individual' };
  return {
    ...typed('ProductOrderCreateEvent'),
    eventId: 'e1',
    eventTime: '2026-03-01T11:59:58.123Z',
    eventType: 'ProductOrderCreateEvent',
    correlationId: 'c1',
    event: {
      productOrder: {
        ...typed('ProductOrder'),
        id: '4711',
        href: 'productOrder/4711',
        state: 'acknowledged',
        orderDate: '2026-03-01T11:59:58Z',
        relatedParty:
          major === 4
            ? [{ ...party, role: 'customer' }]
            : [
                {
                  ...typed('RelatedPartyRefOrPartyRoleRef'),
                  role: 'customer',
                  partyOrPartyRole: { ...party, '@type': 'PartyRef' },
                },
              ],
        productOrderItem: [0, 1].map((id) => ({
          ...typed('ProductOrderItem'),
          ...{ id: String(id), quantity: 1, action: 'add', state: 'acknowledged' },
          product: {
            ...typed('Product'),
            productCharacteristic: [{ ...typed('StringCharacteristic'), name: 'colour', value: 'red' }],
          },
        })),
        ...order,
      },
    },
  };
}

/** The same event with another value at a dotted path. */
export function changed(event: Json, path: string, value: unknown): Json {
  const copy = structuredClone(event);
  const steps = path.split('.');
  const last = steps.pop() ?? '';
  const parent = steps.reduce<Json>((below, step) => below[step] as Json, copy);
  if (value === undefined) Reflect.deleteProperty(parent, last);
  else parent[last] = value;
  return copy;
}
