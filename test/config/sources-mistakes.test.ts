import { writtenConfigs } from './written-configs.ts';

const { ca, problems } = writtenConfigs();

describe('mistakes', () => {
  test('the short form beside the list', () => {
    const list = 'sources: [{ name: a, broker: embedded }]';
    const expected = 'expected nothing beside sources: it is the short form for one source';
    expect(problems(`broker: embedded\n${list}`)).toEqual([
      `broker: ${expected}; given "embedded" in file:1`,
    ]);
    expect(problems(list, { TMF_HUB_BROKER: 'kafka' })).toEqual([
      `broker: ${expected}; given "kafka" by TMF_HUB_BROKER`,
    ]);
  });

  test('all at once: unknown keys, values that are none, members that are missing', () => {
    const yaml = `
sources:
  - name: Bad_Name
    broker: kafka
    kafka:
      brokrs: [a:1]
      sessionTimeout: soon
      tls: [x]
  - { name: registry, broker: rabbit, rabbitmq: { url: amqp://r } }
  - { name: e, broker: embedded, rabbitmq: { url: amqp://r } }
  - { broker: rabbitmq, rabbitmq: { events: { maxAge: 1 }, prefetch: 0 }, topics: [x] }
  - text
`;
    const size = 'a duration such as 250ms, 10s, 5m, 1h or 5d, from';
    const name =
      'lower-case letters, digits and "-", at most 40, the first a letter or digit, and not registry';
    expect(problems(yaml)).toEqual([
      `sources[0].name: expected ${name}; given "Bad_Name" in file:3`,
      `sources[0].kafka.sessionTimeout: expected ${size} 6s to 5m; given "soon" in file:7`,
      'sources[0].kafka.tls: expected keys of the section kafka.tls; given a value that is not shown in file:8',
      'sources[0].kafka.brokrs: no such key (given in file:6); did you mean sources[].kafka.brokers?',
      `sources[1].name: expected ${name}; given "registry" in file:9`,
      'sources[1].broker: expected one of kafka, rabbitmq, embedded; given "rabbit" in file:9',
      `sources[3].name: expected ${name}; given nothing in file:11`,
      'sources[3].rabbitmq.prefetch: expected a whole number from 1 to 2000; given 0 in file:11',
      `sources[3].rabbitmq.events.maxAge: expected ${size} 1s to 3650d; given 1 in file:11`,
      'sources[3].topics: no such key (given in file:11); did you mean sources[].kafka.topics?',
      'sources[4]: expected an object with name, broker, prefix, validation, kafka, rabbitmq; given a value that is not shown in file:12',
      'sources[0].kafka.brokers: expected at least one host:port, as broker is kafka; given [] by default',
      'sources[3].rabbitmq.url: expected a URL such as amqp://host, as broker is rabbitmq; given nothing in file:11',
      'sources[2].rabbitmq: expected to stand in a source whose broker is rabbitmq; given a value that is not shown in file:10',
    ]);
  });

  test('a key of a section in the wrong place is pointed to the section, not to every source', () => {
    expect(problems('publishQueue: 1MiB')).toEqual([
      'publishQueue: no such key (given in file:1); did you mean kafka.publishQueue?',
    ]);
  });

  test('what is no list is one mistake', () => {
    expect(problems('sources: { name: a }')).toEqual([expect.stringMatching(/^sources: expected a list/)]);
  });

  test('the checks of a broker hold for each source with what counts for it', () => {
    const yaml = `
kafka: { brokers: [a:1], sessionTimeout: 13s }
callbacks: { timeout: 12s }
sources:
  - { name: a, broker: kafka }
  - { name: b, broker: kafka, prefix: b, kafka: { sessionTimeout: 14s } }
  - { name: c, broker: kafka, prefix: c, kafka: { sessionTimeout: 12s } }
  - { name: d, broker: rabbitmq, rabbitmq: { url: amqp://r, heartbeat: 16s } }
`;
    expect(problems(yaml)).toEqual([
      'kafka.sessionTimeout: expected at least 2s above callbacks.timeout ("12s"); given "13s" in file:2',
      'sources[2].kafka.sessionTimeout: expected at least 2s above callbacks.timeout ("12s"); given "12s" in file:7',
      'sources[3].rabbitmq.heartbeat: expected at least 5s above callbacks.timeout ("12s"); given "16s" in file:8',
    ]);
  });

  test('a setting that no source uses does not matter; one that a source uses is blamed once', () => {
    const yaml = (more: string) => `
kafka: { brokers: [a:1], sasl: { mechanism: plain, username: u } }
sources:
  - { name: a, broker: embedded }
${more}`;
    expect(problems(yaml(''))).toEqual([]);
    const two = '  - { name: b, broker: kafka }\n  - { name: c, broker: kafka, prefix: c }';
    expect(problems(yaml(two)).map((one) => one.split(';')[0])).toEqual([
      'sources[1].kafka.sasl.password: expected a password, as kafka.sasl.mechanism is not none',
      'sources[2].kafka.sasl.password: expected a password, as kafka.sasl.mechanism is not none',
    ]);
  });

  test('a shared file for TLS may be of use to one of the sources only, but not to none', () => {
    const yaml = (tls: string) => `
kafka: { brokers: [a:1], tls: { ca: '${ca()}' } }
sources:
  - { name: a, broker: kafka }
  - { name: b, broker: kafka, prefix: b, kafka: { tls: { enabled: ${tls} } } }
`;
    expect(problems(yaml('true'))).toEqual([]);
    expect(problems(yaml('false'))).toEqual([
      `kafka.tls.ca: expected to stand beside kafka.tls.enabled: true; given ${JSON.stringify(ca())} in file:2`,
    ]);
  });

  test('a file for TLS of one source is of no use to it because another one has TLS', () => {
    const yaml = `
kafka: { brokers: [a:1] }
sources:
  - { name: a, broker: kafka, kafka: { tls: { ca: '${ca()}' } } }
  - { name: b, broker: kafka, prefix: b, kafka: { tls: { enabled: true, ca: '${ca()}' } } }
`;
    const useless = [expect.stringMatching(/^sources\[0\]\.kafka\.tls\.ca: expected to stand beside/)];
    expect(problems(yaml)).toEqual(useless);
    const sharedToo = yaml
      .replace('[a:1] }', `[a:1], tls: { ca: '${ca()}' } }`)
      .replace(`enabled: true, ca: '${ca()}'`, 'enabled: true');
    expect(problems(sharedToo)).toEqual(useless);
  });

  test('topics that count as the gateway itself there', () => {
    const yaml = `
sources:
  - { name: a, broker: kafka, prefix: tmf, kafka: { brokers: [a:1], topics: [tmf.x] } }
  - { name: b, broker: kafka, kafka: { brokers: [a:1], topics: [tmf.x] } }
`;
    expect(problems(yaml)).toEqual([
      'sources[0].kafka.topics: expected topics that do not begin with sources[0].prefix ("tmf"); given ["tmf.x"] in file:3',
      'topics.other: expected a topic that does not begin with sources[0].prefix ("tmf"); given "tmf.events" by default',
    ]);
  });

  test('secrets of a source never stand in a message', () => {
    const yaml = `
sources:
  - { name: a, broker: rabbitmq, rabbitmq: { url: 'http://u:hunter2@r' } }
  - { name: b, broker: kafka, kafka: { brokers: [a:1], sasl: { password: hunter3 } } }
  - { name: c, broker: embedded, kafka: { sasl: { password: hunter4 } } }
  - { name: d, broker: kafka, prefix: d, kafka: { brokers: [a:1], sasl: [hunter5] } }
  - { password: hunter7, kafka: hunter8 }
`;
    const all = problems(yaml, { TMF_HUB_KAFKA_BROKERS: '' });
    expect(all).toHaveLength(8);
    expect(all.join()).not.toContain('hunter');
    const noJson = problems('', { TMF_HUB_SOURCES: '[{"name":"a","kafka":{"sasl":{"password":"hunter6"}' });
    expect(noJson).toEqual([expect.stringMatching(/^sources: expected a list.*a value that is not shown/)]);
  });
});

describe('between sources', () => {
  test('names, and what begins the names of groups and queues, keep them apart; embedded is there once', () => {
    const yaml = `
name: hub
sources:
  - { name: a, broker: kafka, kafka: { brokers: [a:1] } }
  - { name: a, broker: kafka, kafka: { brokers: [b:1] } }
  - { name: c, broker: embedded }
  - { name: d, broker: embedded }
  - { name: e, broker: rabbitmq, rabbitmq: { url: amqp://r } }
  - { name: f, broker: rabbitmq, prefix: hub.x, rabbitmq: { url: amqp://s } }
`;
    const apart = (name: string) =>
      `expected a prefix that keeps its consumer groups, queues and topics apart from those of ${name}, which begin with name ("hub")`;
    expect(problems(yaml)).toEqual([
      'sources[1].name: expected another name than sources[0].name ("a"); given "a" in file:5',
      'sources[3].broker: expected kafka or rabbitmq, as sources[2] is embedded already; given "embedded" in file:7',
      `sources[1].prefix: ${apart('sources[0]')}; given nothing in file:5`,
      `sources[5].prefix: ${apart('sources[4]')}; given "hub.x" in file:9`,
    ]);
  });

  test('prefixes that only look alike, and one prefix for different kinds, are no mistake', () => {
    const yaml = `
name: hub
sources:
  - { name: a, broker: kafka, kafka: { brokers: [a:1] } }
  - { name: b, broker: kafka, prefix: hub-b, kafka: { brokers: [a:1] } }
  - { name: c, broker: rabbitmq, rabbitmq: { url: amqp://r } }
  - { name: d, broker: embedded }
`;
    expect(problems(yaml)).toEqual([]);
  });
});
