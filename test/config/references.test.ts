/** `${NAME}` in the file stands for an environment variable. */
import { writtenConfigs } from './written-configs.ts';

const { config, problems } = writtenConfigs();
const SECRET = `whsec_${Buffer.alloc(24, 1).toString('base64')}`;

describe('what a reference stands for', () => {
  test('texts at any depth: in sections, in sources, in lists', () => {
    const yaml = `
admin: { token: '\${TOKEN}' }
sources:
  - { name: a, broker: kafka, kafka: { brokers: ['\${BROKER}', b:2], sasl: { mechanism: plain, username: u, password: '\${PASSWORD}' } } }
  - name: r
    broker: rabbitmq
    rabbitmq: { url: '\${RABBITMQ_URL}' }
subscriptions: [{ callback: 'http://x/', secret: '\${_SECRET_2}' }]
`;
    const env = {
      ...{ TOKEN: 't', BROKER: 'a:1', PASSWORD: '0123', RABBITMQ_URL: 'amqp://u:p@h/', _SECRET_2: SECRET },
    };
    const loaded = config(yaml, env);
    expect(loaded.admin.token).toBe('t');
    expect(loaded.sources).toMatchObject([
      { kafka: { brokers: ['a:1', 'b:2'], sasl: { password: '0123' } } },
      { rabbitmq: { url: 'amqp://u:p@h/' } },
    ]);
    expect(loaded.subscriptions).toMatchObject([{ secret: SECRET }]);
  });

  test('the text is read as it is in the variable of the setting: numbers, flags, lists, JSON, no blanks around it', () => {
    const yaml = `
server:
  port: \${PORT}
retry:
  delays: \${DELAYS}
  rejectStatuses: ['\${STATUS}', 422]
kafka:
  tls:
    enabled: \${TLS}
subscriptions: \${SUBSCRIPTIONS}
`;
    const loaded = config(yaml, {
      ...{ PORT: ' 81\n', DELAYS: '1s, 2s', STATUS: '400', TLS: 'true' },
      SUBSCRIPTIONS: '[{"callback":"http://x/","query":"${PORT}"}]',
    });
    expect(loaded.server.port).toBe(81);
    expect(loaded.retry).toMatchObject({ delays: [1_000, 2_000], rejectStatuses: [400, 422] });
    expect(loaded.kafka.tls.enabled).toBe(true);
    // What a variable says is not searched again.
    expect(loaded.subscriptions).toMatchObject([{ callback: 'http://x/', query: '${PORT}' }]);
  });

  test('text with a reference somewhere inside, or with another spelling, is what it is', () => {
    const topics = ['a.${X}', '${x}', '$X', '${X}s'];
    expect(
      config(`hub: { apis: [{ api: TMF1, version: 1, basePath: /a, title: '\${X}.' }] }`).hub.apis,
    ).toEqual([expect.objectContaining({ title: '${X}.' })]);
    for (const title of topics) {
      const yaml = `hub: { apis: [{ api: TMF1, version: 1, basePath: /a, title: '${title}' }] }`;
      expect(config(yaml).hub.apis).toMatchObject([{ title }]);
    }
  });

  test.each([
    ['$${X}', '${X}'],
    ['$$${X}', '$${X}'],
  ])('%s means %s', (written, title) => {
    const yaml = `hub: { apis: [{ api: TMF1, version: 1, basePath: /a, title: '${written}' }] }`;
    expect(config(yaml).hub.apis).toMatchObject([{ title }]);
  });

  test("the setting's own variable replaces a reference, even one that leads nowhere", () => {
    expect(config("admin: { token: '${NOWHERE}' }", { TMF_HUB_ADMIN_TOKEN: 't' }).admin.token).toBe('t');
    expect(config("admin: { token: '${NOWHERE}' }", { TMF_HUB_ADMIN_TOKEN: '' }).admin.token).toBeUndefined();
  });

  test('a list that holds itself does not keep anybody', () => {
    expect(problems('x: &x [*x]')[0]).toContain('x: no such key');
  });
});

describe('mistakes', () => {
  test('a variable that is missing or empty: once, beside all others, with its name and the place', () => {
    const yaml = `
broker: rabbitmq
rabbitmq:
  url: \${URL}
  tls: { serverName: r }
redis:
  url: \${REDIS}
  tls: { serverName: r }
server: { port: 70000 }
subscriptions:
  - callback: \${CALLBACK}
`;
    expect(problems(yaml, { REDIS: '', CALLBACK: ' \n' })).toEqual([
      'rabbitmq.url: expected the text of the environment variable URL, which is not set or empty; given "${URL}" in file:4',
      'redis.url: expected the text of the environment variable REDIS, which is not set or empty; given "${REDIS}" in file:7',
      'subscriptions[0].callback: expected the text of the environment variable CALLBACK, which is not set or empty; given "${CALLBACK}" in file:11',
      'server.port: expected a whole number from 0 to 65535; given 70000 in file:9',
    ]);
  });

  test('what all sources share is told once', () => {
    const yaml = `
rabbitmq: { url: '\${URL}' }
sources:
  - { name: a, prefix: a, broker: rabbitmq }
  - { name: b, prefix: b, broker: rabbitmq }
`;
    expect(problems(yaml)).toEqual([expect.stringMatching(/^rabbitmq\.url: .* variable URL/)]);
  });

  test('variables that set settings by themselves are not for this', () => {
    expect(
      problems("rabbitmq: { password: '${TMF_HUB_RABBITMQ_URL}' }", { TMF_HUB_RABBITMQ_URL: 'amqp://a' }),
    ).toEqual([
      'rabbitmq.password: expected the name of another variable: those that begin with TMF_HUB_ set settings by themselves; given "${TMF_HUB_RABBITMQ_URL}" in file:1',
    ]);
  });

  test('what came from a variable is not shown, not even in what another setting is compared with', () => {
    const yaml = `
name: \${NAME}
broker: \${BROKER}
kafka: { topics: ['\${TOPIC}', hunter2.x], brokers: '\${BROKERS}' }
retry: { delays: '\${DELAYS}' }
limits: \${LIMITS}
callbacks: { timeout: 1s, connectTimeout: '\${CONNECT}' }
sources: [{ name: a, broker: kafka }]
`;
    const env = { NAME: 'hunter2', BROKER: 'hunter2', TOPIC: 'hunter2(', BROKERS: 'hunter2:x' };
    const found = problems(yaml, { ...env, DELAYS: 'hunter2', LIMITS: 'hunter2', CONNECT: '777s' });
    expect(found.join('\n')).not.toMatch(/hunter2|777/);
    expect(found).toEqual([
      'limits: expected a section with concurrency, maxConcurrency, startConcurrency, maxWaiting, rate, memory; given a single value by LIMITS (in file:6)',
      'broker: expected nothing beside sources: it is the short form for one source; given a value that is not shown by BROKER (in file:3)',
      'broker: expected one of embedded, kafka, rabbitmq; given a value that is not shown by BROKER (in file:3)',
      'retry.delays[0]: expected a duration such as 250ms, 10s, 5m, 1h or 5d, from 1ms to 24d; given a value that is not shown by DELAYS (in file:5)',
      'kafka.brokers[0]: expected host:port; given a value that is not shown by BROKERS (in file:4)',
      'kafka.topics[0]: expected a topic name or a regular expression; given a value that is not shown by TOPIC (in file:4)',
      'callbacks.connectTimeout: expected no more than callbacks.timeout ("1s"); given a value that is not shown by CONNECT (in file:7)',
      'kafka.topics: expected topics that do not begin with name (a value that is not shown); given a value that is not shown in file:4',
    ]);
  });
});
