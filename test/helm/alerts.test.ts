import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { alertCases, SHORTER, type AlertCase } from './alert-cases.ts';
import { exposedMetrics } from './exposed-metrics.ts';
import { alertGroups, RELEASE, rulesOf } from './monitored-chart.ts';
import { complaintsAbout, failuresOf, picks, selectorsOf, type Groups, type UnitTest } from './promql.ts';

let groups: Groups;

beforeAll(async () => {
  groups = await alertGroups({ metrics: { prometheusRule: { enabled: true, thresholds: SHORTER } } });
});

const NEIGHBOURS = [
  { ...RELEASE, job: 'other-tmf-hub-gateway' },
  { ...RELEASE, namespace: 'elsewhere' },
];

function series(of: AlertCase['bad'], { namespace, job }: { namespace: string; job: string } = RELEASE) {
  return Object.entries(of).map(([name, values]) => ({
    series: name.replace('{', `{namespace="${namespace}",job="${job}",`),
    values,
  }));
}

function firing(alert: string, eval_time: string, count: number) {
  const expr = `count(ALERTS{alertname="${alert}",alertstate="firing"})`;
  return { expr, eval_time, exp_samples: count === 0 ? [] : [{ labels: '{}', value: count }] };
}

test('Prometheus loads all rules', async () => {
  expect(await complaintsAbout(groups)).toBe('');
});

test('there is a case for every alert, and each has what an operator needs', () => {
  const rules = rulesOf(groups);
  expect(rules.map(({ alert }) => alert)).toEqual(Object.keys(alertCases));
  for (const { alert = '', labels, annotations } of rules) {
    expect(labels).toEqual({
      ...{ severity: expect.stringMatching(/^(critical|warning)$/) as unknown, namespace: RELEASE.namespace },
      gateway: RELEASE.job,
    });
    expect(annotations).toEqual({
      summary: expect.stringMatching(/telco\/hub-tmf-hub-gateway/) as unknown,
      description: expect.stringMatching(/\w{3}.*\.$/) as unknown,
      runbook_url: `docs/operations.md#${alert.toLowerCase()}`,
    });
    expect(JSON.stringify(annotations)).not.toMatch(/<<|>>/);
  }
});

test('docs/operations.md has a section for every alert, and for no other', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8');
  const sections = [...page.matchAll(/^### (TmfHub\w+)$/gm)].map(([, name]) => name);
  expect(sections.toSorted()).toEqual(Object.keys(alertCases).toSorted());
});

test.each(Object.entries(alertCases))(
  '%s fires when it should, and neither too early, nor for less, nor for another gateway',
  async (alert, { bad, alsoBad = bad, good, at, before }) => {
    const early = before === undefined ? [] : [firing(alert, before, 0)];
    const tests: UnitTest[] = [
      { name: 'bad', input_series: series(bad), promql_expr_test: [...early, firing(alert, at, 1)] },
      { name: 'also bad', input_series: series(alsoBad), promql_expr_test: [...early, firing(alert, at, 1)] },
      { name: 'good', input_series: series(good), promql_expr_test: [firing(alert, at, 0)] },
      ...NEIGHBOURS.map((neighbour) => ({
        name: `bad at ${neighbour.namespace}/${neighbour.job}`,
        input_series: [...series(good), ...series(bad, neighbour)],
        promql_expr_test: [firing(alert, at, 0)],
      })),
    ];
    expect(await failuresOf(groups, tests)).toBe('');
  },
);

test('a gateway that Prometheus does not know of is down', async () => {
  const [, elsewhere = RELEASE] = NEIGHBOURS;
  const input_series = series({ 'up{pod="a"}': '1x60' }, elsewhere);
  expect(
    await failuresOf(groups, [
      { name: 'absent', input_series, promql_expr_test: [firing('TmfHubDown', '6m', 1)] },
    ]),
  ).toBe('');
});

test('an alert says of which subscription, part or reason it is, and how many', async () => {
  const input_series = series({
    'tmf_hub_retention_lost_total{subscription="s1",pod="a"}': '_x70 3x60',
    'tmf_hub_part_up{part="kafka",pod="a"}': '0x90',
  });
  const said = (alertname: string, part: object, summary: string, description: string) => ({
    ...{ alertname, eval_time: '72m' },
    exp_alerts: [
      {
        exp_labels: { severity: 'critical', namespace: RELEASE.namespace, gateway: RELEASE.job, ...part },
        exp_annotations: {
          summary,
          description,
          runbook_url: `docs/operations.md#${alertname.toLowerCase()}`,
        },
      },
    ],
  });
  const annotation = (name: string, key: string) =>
    rulesOf(groups).find(({ alert }) => alert === name)?.annotations?.[key] ?? '';
  const alert_rule_test = [
    said(
      'TmfHubEventsLost',
      { subscription: 's1' },
      annotation('TmfHubEventsLost', 'summary'),
      '3 within an hour, that subscription s1 had not got; some may be of types that it never asked for. The broker has them no more: only their producer can send them again.',
    ),
    said(
      'TmfHubNotReady',
      { part: 'kafka' },
      '"kafka" of the gateway telco/hub-tmf-hub-gateway is not ready at 1 replicas.',
      annotation('TmfHubNotReady', 'description'),
    ),
  ];
  expect(await failuresOf(groups, [{ name: 'texts', input_series, alert_rule_test }])).toBe('');
});

test('alerts ask only for series that a gateway has', async () => {
  const exposed = await exposedMetrics();
  const selectors = rulesOf(groups).flatMap(({ expr }) => selectorsOf(expr));
  expect(selectors.length).toBeGreaterThan(20);
  expect(selectors.filter((one) => !picks(one, exposed))).toEqual([]);
});

test('without a label per subscription the alerts work too', async () => {
  const summed = await alertGroups({ config: { metrics: { perSubscription: false } } });
  expect(await complaintsAbout(summed)).toBe('');
  expect(JSON.stringify(summed)).not.toContain('labels.subscription');
  // One endpoint that is down does not hide that all the rest falls behind.
  const input_series = series({
    'tmf_hub_lag_events{pod="a"}': '20000+100x60',
    'tmf_hub_oldest_unsettled_seconds{pod="a"}': '3600+60x60',
    'tmf_hub_circuit_state{state="open",pod="a"}': '1x60',
  });
  const promql_expr_test = ['TmfHubLagGrowing', 'TmfHubEventWaits', 'TmfHubCircuitOpen'].map((alert) =>
    firing(alert, '35m', 1),
  );
  expect(await failuresOf(summed, [{ name: 'sums', input_series, promql_expr_test }])).toBe('');
});

test('on RabbitMQ, where every replica sees the whole queue, lag is not counted once for each', async () => {
  const onRabbit = await alertGroups({
    ...{ broker: 'rabbitmq', rabbitmq: { url: 'amqp://rabbitmq.messaging.svc:5672' } },
  });
  const input_series = series({
    'tmf_hub_lag_events{subscription="s",pod="a"}': '6000+10x60',
    'tmf_hub_lag_events{subscription="s",pod="b"}': '6000+10x60',
  });
  const tests = (count: number) => [
    { name: 'lag', input_series, promql_expr_test: [firing('TmfHubLagGrowing', '35m', count)] },
  ];
  expect(await failuresOf(onRabbit, tests(0))).toBe('');
  expect(await failuresOf(groups, tests(1))).toBe('');
});

test('every threshold is a value', async () => {
  const file = join(import.meta.dirname, '../../helm/tmf-hub-gateway/values.yaml');
  const { metrics } = parse(readFileSync(file, 'utf8')) as {
    metrics: { prometheusRule: { thresholds: Record<string, string | number> } };
  };
  const defaults = Object.entries(metrics.prometheusRule.thresholds);
  const changed = defaults.map(([name, is], n) => {
    const minutes = 1000 + n;
    if (typeof is === 'string') return [name, `${minutes}m`, [`${minutes}m`, `${minutes * 60}`]] as const;
    const value = name === 'failureRatio' ? 0.123 : minutes;
    return [name, value, [`${value}`]] as const;
  });
  const thresholds = Object.fromEntries(changed.map(([name, value]) => [name, value]));
  const rules = rulesOf(await alertGroups({ metrics: { prometheusRule: { enabled: true, thresholds } } }));
  const text = rules.map(({ expr, for: wait = '' }) => `${expr} ${wait}`).join('\n');
  expect(defaults.length).toBeGreaterThan(20);
  expect(changed.filter(([, , shown]) => !shown.some((one) => text.includes(one)))).toEqual([]);
});
