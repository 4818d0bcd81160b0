/** What the sign-up leaves behind: line, plan and bill. */
import {
  CURRENCY,
  HOST,
  accountRef,
  characteristic,
  customerRef,
  monthlyPrice,
  names,
  offering,
  type Resource,
} from './journey-cast.ts';

export function service(tag: string, at: string): Resource {
  const { service: id, serviceOrder: order, sim } = names(tag);
  return {
    id,
    href: `${HOST}/serviceInventory/v4/service/${id}`,
    name: 'Mobile line',
    category: 'Mobile',
    serviceType: 'CFS',
    isServiceEnabled: true,
    hasStarted: true,
    startMode: 'automatically',
    startDate: at,
    state: 'active',
    relatedParty: [customerRef(tag, 'User')],
    serviceCharacteristic: [characteristic('roaming', 'on')],
    serviceOrderItem: [{ serviceOrderId: order, itemId: '1', itemAction: 'add', role: 'Origin' }],
    serviceSpecification: { id: 'mobile-line', name: 'Mobile line', version: '2' },
    supportingResource: [{ id: sim, name: 'eSIM profile', '@referredType': 'LogicalResource' }],
  };
}

export function product(tag: string, at: string): Resource {
  const { product: id, order, service: line } = names(tag);
  return {
    id,
    href: `${HOST}/productInventory/v4/product/${id}`,
    '@type': 'Product',
    name: 'Roam 20',
    description: 'Mobile plan with 20 GB',
    isBundle: false,
    isCustomerVisible: true,
    orderDate: at,
    startDate: at,
    status: 'active',
    billingAccount: accountRef(tag),
    productCharacteristic: [characteristic('dataAllowance', 20, 'number')],
    productOffering: offering,
    productOrderItem: [{ productOrderId: order, orderItemId: '1', orderItemAction: 'add', role: 'Origin' }],
    productPrice: [monthlyPrice],
    productSpecification: { id: 'mobile-plan', name: 'Mobile plan', version: '3' },
    realizingService: [{ id: line, name: 'Mobile line', '@referredType': 'Service' }],
    relatedParty: [customerRef(tag)],
  };
}

export function bill(tag: string, at: string): Resource {
  const { bill: id, customer } = names(tag);
  const amount = (value: number) => ({ unit: CURRENCY, value });
  const inDays = (days: number) => new Date(Date.parse(at) + days * 86_400_000).toISOString();
  return {
    id,
    href: `${HOST}/customerBillManagement/v5/customerBill/${id}`,
    '@type': 'CustomerBill',
    billNo: `1-${tag}`,
    category: 'normal',
    runType: 'onCycle',
    state: 'new',
    billDate: at,
    lastUpdate: at,
    nextBillDate: inDays(30),
    paymentDueDate: inDays(14),
    billingPeriod: { startDateTime: at, endDateTime: inDays(30) },
    amountDue: amount(18),
    remainingAmount: amount(18),
    taxExcludedAmount: amount(15),
    taxIncludedAmount: amount(18),
    taxItem: [{ '@type': 'TaxItem', taxCategory: 'VAT', taxRate: 20, taxAmount: amount(3) }],
    billingAccount: accountRef(tag),
    relatedParty: [
      {
        '@type': 'RelatedPartyRefOrPartyRoleRef',
        role: 'Payer',
        partyOrPartyRole: {
          id: customer,
          href: `${HOST}/party/v5/individual/${customer}`,
          '@type': 'PartyRef',
          '@referredType': 'Individual',
        },
      },
    ],
  };
}
