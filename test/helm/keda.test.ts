import { exposedMetrics } from './exposed-metrics.ts';
import { ON_KAFKA, RELEASE, rendered } from './monitored-chart.ts';
import { failuresOf, picks, selectorsOf } from './promql.ts';

interface Spec {
  readonly triggers: readonly {
    readonly type: string;
    readonly metadata: Readonly<Record<string, string>>;
  }[];
}

async function queryOf(values: object): Promise<string> {
  const keda = { enabled: true, prometheus: { serverAddress: 'http://prometheus.monitoring.svc:9090' } };
  const { spec } = await rendered('ScaledObject', { ...ON_KAFKA, keda, ...values });
  return (spec as Spec).triggers[0]?.metadata['query'] ?? '';
}

/** Of the gateway after ten minutes. */
async function gives(
  query: string,
  series: Readonly<Record<string, string>>,
  value: number,
): Promise<string> {
  const input_series = Object.entries(series).map(([name, values]) => ({
    series: name.replace('{', `{namespace="${RELEASE.namespace}",job="${RELEASE.job}",`),
    values,
  }));
  const elsewhere = 'tmf_hub_lag_events{namespace="elsewhere",job="hub-tmf-hub-gateway",subscription="a"}';
  const promql_expr_test = [{ expr: query, eval_time: '10m', exp_samples: [{ labels: '{}', value }] }];
  return failuresOf({ groups: [] }, [
    {
      name: 'query',
      input_series: [...input_series, { series: elsewhere, values: '9000x20' }],
      promql_expr_test,
    },
  ]);
}

const LAG = {
  'tmf_hub_lag_events{subscription="a",pod="1"}': '100x20',
  'tmf_hub_lag_events{subscription="a",pod="2"}': '50x20',
  'tmf_hub_lag_events{subscription="b",pod="1"}': '7x20',
  'tmf_hub_deliveries_total{subscription="a",outcome="delivered",pod="2"}': '0+5x20',
  'tmf_hub_deliveries_total{subscription="b",outcome="delivered",pod="1"}': '0+5x20',
};

test('replicas are wanted for what is being delivered, not for endpoints that are down nor for held subscriptions', async () => {
  const query = await queryOf({});
  const others = {
    'tmf_hub_lag_events{subscription="down",pod="1"}': '100000x20',
    'tmf_hub_deliveries_total{subscription="down",outcome="delivered",pod="1"}': '70x20',
    'tmf_hub_deliveries_total{subscription="down",outcome="retry",pod="1"}': '0+1x20',
    'tmf_hub_lag_events{subscription="paused",pod="1"}': '100000x20',
  };
  expect(await gives(query, { ...LAG, ...others }, 157)).toBe('');
  expect(await gives(query, others, 0)).toBe('');
});

test('on RabbitMQ the queue that two replicas see is counted once', async () => {
  const rabbitmq = { broker: 'rabbitmq', rabbitmq: { url: 'amqp://rabbitmq.messaging.svc:5672' } };
  expect(await gives(await queryOf(rabbitmq), LAG, 107)).toBe('');
});

test('without a label per subscription the lag of all counts', async () => {
  const query = await queryOf({ config: { metrics: { perSubscription: false } } });
  const summed = {
    'tmf_hub_lag_events{pod="1"}': '100x20',
    'tmf_hub_lag_events{pod="2"}': '7x20',
    'tmf_hub_deliveries_total{outcome="delivered",pod="1"}': '0+5x20',
  };
  expect(await gives(query, summed, 107)).toBe('');
});

test('the query asks only for series that a gateway has', async () => {
  const exposed = await exposedMetrics();
  const selectors = selectorsOf(await queryOf({}));
  expect(selectors).toHaveLength(2);
  expect(selectors.filter((one) => !picks(one, exposed))).toEqual([]);
});
