import { exposedMetrics } from './exposed-metrics.ts';
import { alertGroups, ON_KAFKA, rendered, rulesOf } from './monitored-chart.ts';
import { complaintsAbout, picks, selectorsOf } from './promql.ts';

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly {
    readonly refId: string;
    readonly expr: string;
    readonly datasource: { readonly uid: string };
  }[];
}

interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly {
      readonly name: string;
      readonly type: string;
      readonly query: unknown;
      current?: object;
    }[];
  };
}

async function dashboardOf(values: object): Promise<Dashboard> {
  const monitored = { ...values, metrics: { dashboard: { enabled: true } } };
  const { data } = await rendered('ConfigMap', monitored, 'hub-tmf-hub-gateway-dashboard');
  return JSON.parse((data as Record<string, string>)['tmf-hub-gateway.json'] ?? '') as Dashboard;
}

let dashboard: Dashboard;
let queries: string[];

beforeAll(async () => {
  dashboard = await dashboardOf(ON_KAFKA);
  queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
});

/** As Grafana fills in what the user chose. */
function filledIn(query: string): string {
  return query.replaceAll('$__rate_interval', '5m').replaceAll('$lag_over', 'sum');
}

test('panels lie within the 24 columns, and none on another', () => {
  const { panels } = dashboard;
  expect(panels.length).toBeGreaterThan(20);
  for (const { gridPos: at } of panels) {
    expect(at.x).toBeGreaterThanOrEqual(0);
    expect(at.x + at.w).toBeLessThanOrEqual(24);
    expect(Math.min(at.w, at.h)).toBeGreaterThan(0);
  }
  const overlapping = panels.flatMap((one, n) =>
    panels.slice(n + 1).flatMap((other) => {
      const [a, b] = [one.gridPos, other.gridPos];
      const apart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
      return apart ? [] : [`${one.title} and ${other.title}`];
    }),
  );
  expect(overlapping).toEqual([]);
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  expect(new Set(panels.map(({ title }) => title)).size).toBeGreaterThan(20);
});

test('every panel asks the chosen data source for the chosen gateway, with variables that there are', () => {
  const variables = dashboard.templating.list.map(({ name }) => name);
  expect(variables).toEqual(['datasource', 'namespace', 'gateway', 'lag_over']);
  for (const { type, title, datasource, targets = [] } of dashboard.panels) {
    if (type === 'row') continue;
    expect([title, datasource?.uid, targets.length > 0]).toEqual([title, '${datasource}', true]);
    expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
    for (const target of targets) expect(target.datasource.uid).toBe('${datasource}');
  }
  for (const selector of queries.flatMap(selectorsOf)) {
    expect(selector.matchers.slice(0, 2)).toEqual([
      { label: 'namespace', how: '=', value: '$namespace' },
      { label: 'job', how: '=', value: '$gateway' },
    ]);
  }
  const used = queries.flatMap((query) => [...query.matchAll(/\$(\w+)/g)].map(([, name = '']) => name));
  expect(used.filter((name) => ![...variables, '__rate_interval'].includes(name))).toEqual([]);
});

test('Prometheus understands every query', async () => {
  const rules = queries.map((query, n) => ({ record: `query_${n}`, expr: filledIn(query) }));
  expect(rules.length).toBeGreaterThan(30);
  expect(await complaintsAbout({ groups: [{ name: 'dashboard', rules }] })).toBe('');
});

test('it asks only for series that a gateway has', async () => {
  const exposed = await exposedMetrics();
  const lists = dashboard.templating.list.flatMap(
    ({ query }) => /tmf_\w+/.exec(JSON.stringify(query))?.[0] ?? [],
  );
  const ofLists = lists.map((metric) => ({ metric, matchers: [] }));
  expect(ofLists).toHaveLength(2);
  expect([...queries.flatMap(selectorsOf), ...ofLists].filter((one) => !picks(one, exposed))).toEqual([]);
});

test('what an alert speaks of is there to look at', async () => {
  const shown = new Set(queries.flatMap(selectorsOf).map(({ metric }) => metric));
  const alerted = rulesOf(await alertGroups()).flatMap(({ expr }) => selectorsOf(expr));
  expect(alerted.length).toBeGreaterThan(20);
  expect(alerted.filter(({ metric }) => !shown.has(metric))).toEqual([]);
});

test('it adds up the lag of replicas as the broker of the release wants it', async () => {
  const lagOver = async (values: object) =>
    (await dashboardOf(values)).templating.list.find(({ name }) => name === 'lag_over')?.current;
  expect(await lagOver(ON_KAFKA)).toEqual({ text: 'sum', value: 'sum' });
  const onRabbit = { broker: 'rabbitmq', rabbitmq: { url: 'amqp://rabbitmq.messaging.svc:5672' } };
  expect(await lagOver(onRabbit)).toEqual({ text: 'max', value: 'max' });
});
