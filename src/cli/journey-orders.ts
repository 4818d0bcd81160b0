/** The customer and the orders of the sign-up journey. */
import {
  HOST,
  accountRef,
  characteristic,
  customerRef,
  done,
  monthlyPrice,
  names,
  offering,
  type Resource,
} from './journey-cast.ts';

export function individual(tag: string): Resource {
  const { customer } = names(tag);
  return {
    id: customer,
    href: `${HOST}/party/v4/individual/${customer}`,
    '@type': 'Individual',
    givenName: 'Leyla',
    familyName: "O'Hara",
    fullName: "Leyla O'Hara",
    status: 'validated',
    contactMedium: [
      { mediumType: 'email', preferred: true, characteristic: { emailAddress: 'leyla@example.net' } },
      {
        mediumType: 'postalAddress',
        preferred: false,
        characteristic: {
          street1: '12 Harbour Steps',
          city: 'Portwell',
          postCode: 'PW4 2AB',
          country: 'Nowhere',
        },
      },
    ],
    languageAbility: [{ languageCode: 'en', languageName: 'English', isFavouriteLanguage: true }],
  };
}

export function productOrder(tag: string, at: string, state?: string): Resource {
  const { order, product } = names(tag);
  const stated = state === undefined ? {} : { state };
  return {
    id: order,
    href: `${HOST}/productOrderingManagement/v4/productOrder/${order}`,
    '@type': 'ProductOrder',
    category: 'Consumer',
    description: 'A mobile plan with a new number',
    externalId: `web-${tag}`,
    orderDate: at,
    priority: '3',
    ...done(state, at),
    ...stated,
    billingAccount: accountRef(tag),
    channel: [{ id: 'web-shop', name: 'Web shop', role: 'Sales' }],
    relatedParty: [customerRef(tag)],
    productOrderItem: [
      {
        id: '1',
        quantity: 1,
        action: 'add',
        ...stated,
        productOffering: offering,
        itemPrice: [monthlyPrice],
        itemTerm: [{ name: 'Commitment', duration: { amount: 12, units: 'month' } }],
        product: {
          ...(state === 'completed' && { id: product }),
          isBundle: false,
          productCharacteristic: [characteristic('dataAllowance', 20, 'number')],
          productSpecification: { id: 'mobile-plan', name: 'Mobile plan', version: '3' },
        },
      },
    ],
  };
}

export function serviceOrder(tag: string, at: string, state: string): Resource {
  const { serviceOrder: id, order, service } = names(tag);
  return {
    id,
    href: `${HOST}/serviceOrdering/v4/serviceOrder/${id}`,
    '@type': 'ServiceOrder',
    category: 'Mobile',
    description: 'A mobile line for a new customer',
    orderDate: at,
    priority: '3',
    ...done(state, at),
    state,
    externalReference: [{ id: order, name: 'Product order', externalReferenceType: 'ProductOrder' }],
    relatedParty: [customerRef(tag)],
    serviceOrderItem: [
      {
        id: '1',
        quantity: 1,
        action: 'add',
        state,
        '@type': 'ServiceOrderItem',
        service: {
          id: service,
          name: 'Mobile line',
          serviceType: 'CFS',
          state: state === 'completed' ? 'active' : 'reserved',
          serviceCharacteristic: [characteristic('roaming', 'on')],
          serviceSpecification: { id: 'mobile-line', name: 'Mobile line', version: '2' },
        },
      },
    ],
  };
}

export function resourceOrder(tag: string, at: string, state: string): Resource {
  const { resourceOrder: id, serviceOrder: cause, sim } = names(tag);
  return {
    id,
    href: `${HOST}/resourceOrderingManagement/v4/resourceOrder/${id}`,
    '@type': 'ResourceOrder',
    name: 'SIM and number',
    category: 'Mobile',
    orderType: 'Logical and physical resources',
    orderDate: at,
    priority: 3,
    ...done(state, at),
    state,
    externalReference: [{ id: cause, owner: 'Service ordering', entityType: 'ServiceOrder' }],
    relatedParty: [customerRef(tag)],
    orderItem: [
      {
        id: '1',
        quantity: 1,
        action: 'add',
        state,
        resource: {
          id: sim,
          href: `${HOST}/resourceInventoryManagement/v4/resource/${sim}`,
          name: 'eSIM profile',
          resourceStatus: state === 'completed' ? 'available' : 'reserved',
          resourceCharacteristic: [characteristic('msisdn', '+990000012345')],
        },
        resourceSpecification: { id: 'esim', name: 'eSIM profile', version: '1' },
      },
    ],
  };
}
