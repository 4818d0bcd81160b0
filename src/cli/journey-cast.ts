/**
 * What the resources of the sign-up journey have in common: names, references, prices. Members and nesting are those of
 * the TM Forum schemas (version 4, the bill version 5); people, prices and names are invented.
 */
export type Resource = Readonly<Record<string, unknown>> & { readonly id: string; readonly state?: string };

export const HOST = 'https://bss.example.net/tmf-api';
export const CURRENCY = 'EUR';

export const names = (tag: string) => ({
  customer: `customer-${tag}`,
  account: `account-${tag}`,
  order: `order-${tag}`,
  serviceOrder: `line-order-${tag}`,
  resourceOrder: `sim-order-${tag}`,
  product: `plan-${tag}`,
  service: `line-${tag}`,
  sim: `sim-${tag}`,
  bill: `bill-${tag}`,
});

export const customerRef = (tag: string, role = 'Customer') => ({
  id: names(tag).customer,
  href: `${HOST}/party/v4/individual/${names(tag).customer}`,
  role,
  '@type': 'RelatedParty',
  '@referredType': 'Individual',
});

export const accountRef = (tag: string) => ({
  id: names(tag).account,
  href: `${HOST}/accountManagement/v4/billingAccount/${names(tag).account}`,
  name: 'Household account',
  '@type': 'BillingAccountRef',
  '@referredType': 'BillingAccount',
});

export const offering = {
  id: 'roam-20',
  href: `${HOST}/productCatalogManagement/v4/productOffering/roam-20`,
  name: 'Roam 20',
  '@referredType': 'ProductOffering',
};

export const monthlyPrice = {
  name: 'Monthly charge',
  description: '20 GB, calls and messages included',
  priceType: 'recurring',
  recurringChargePeriod: 'month',
  price: {
    taxRate: 20,
    dutyFreeAmount: { unit: CURRENCY, value: 15 },
    taxIncludedAmount: { unit: CURRENCY, value: 18 },
  },
};

export const characteristic = (name: string, value: string | number, valueType = 'string') => ({
  name,
  valueType,
  value,
});

export const done = (state: string | undefined, at: string) =>
  state === 'completed' ? { completionDate: at } : {};
