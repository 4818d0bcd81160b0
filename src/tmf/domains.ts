/**
 * Which part of the business an API belongs to, and so to which topic (or exchange) its events go unless the
 * configuration says otherwise (DESIGN 5). An API that no line names is `other`.
 */
export type Domain =
  'catalog' | 'ordering' | 'party' | 'billing' | 'service' | 'resource' | 'assurance' | 'other';

export const defaultTopics: Readonly<Record<Domain, string>> = {
  catalog: 'bss.catalog.events',
  ordering: 'bss.ordering.events',
  party: 'bss.party.events',
  billing: 'bss.billing.events',
  service: 'oss.service.events',
  resource: 'oss.resource.events',
  assurance: 'oss.assurance.events',
  other: 'tmf.events',
};

const apisOfDomain: Readonly<Record<Exclude<Domain, 'other'>, string>> = {
  // product, service, resource and entity catalogues, promotions, metadata, open gateway catalogue
  catalog: 'TMF620 TMF633 TMF634 TMF662 TMF671 TMF725 TMF936',
  // product orders and what leads to one, product inventory, goods on their way to the customer
  ordering:
    'TMF622 TMF637 TMF646 TMF648 TMF663 TMF679 TMF680 TMF684 TMF687 TMF699 TMF700 TMF711 TMF715 TMF760 TMF931',
  // customers, parties, their roles, rights, agreements, loyalty and what was said to them
  party: 'TMF629 TMF632 TMF644 TMF651 TMF658 TMF668 TMF669 TMF672 TMF681 TMF683 TMF691 TMF717 TMF720',
  // accounts, bills, payments, usage, balances, revenue sharing, costs
  billing:
    'TMF635 TMF654 TMF666 TMF670 TMF676 TMF677 TMF678 TMF727 TMF728 TMF735 TMF736 TMF737 TMF738 TMF764 TMF767 TMF771',
  // services: orders, inventory, qualification, activation, intents, field work
  service: 'TMF638 TMF640 TMF641 TMF645 TMF697 TMF713 TMF714 TMF759 TMF909 TMF914 TMF921',
  // resources: orders, inventory, activation, pools, topology, devices
  resource: 'TMF639 TMF652 TMF664 TMF685 TMF686 TMF702 TMF703 TMF716 TMF730 TMF768 TMF908',
  // tickets, alarms, performance, problems, quality, tests, risks, changes, outages
  assurance:
    'TMF621 TMF628 TMF642 TMF649 TMF653 TMF655 TMF656 TMF657 TMF696 TMF704 TMF705 TMF706 TMF707 TMF708 TMF709 TMF710 TMF724 TMF753 TMF777',
};

const domains = new Map<string, Domain>(
  (Object.entries(apisOfDomain) as [Domain, string][]).flatMap(([domain, apis]) =>
    apis.split(' ').map((api): [string, Domain] => [api, domain]),
  ),
);

/** The domain of an API id such as `TMF622`. */
export function domainOf(apiId: string): Domain {
  return domains.get(apiId) ?? 'other';
}
