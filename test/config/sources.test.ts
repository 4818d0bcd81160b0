import { sourcesOf } from '../../src/config/sources.ts';
import { PemFile } from '../../src/pem-file.ts';
import { writtenConfigs } from './written-configs.ts';

const written = writtenConfigs();
const { ca } = written;
const sources = (yaml: string, env?: Record<string, string>) => sourcesOf(written.config(yaml, env));

describe('the short form', () => {
  test('is one source, named by its kind', () => {
    expect(sources('')).toEqual([{ name: 'embedded', prefix: 'tmf-hub', broker: 'embedded' }]);
    expect(sources('name: x\nbroker: kafka\nkafka: { brokers: [a:1] }')).toEqual([
      {
        name: 'kafka',
        prefix: 'x',
        broker: 'kafka',
        kafka: expect.objectContaining({ brokers: ['a:1'] }) as unknown,
      },
    ]);
    expect(sources('broker: rabbitmq\nrabbitmq: { url: amqp://a }')).toMatchObject([
      {
        name: 'rabbitmq',
        prefix: 'tmf-hub',
        broker: 'rabbitmq',
        rabbitmq: { url: 'amqp://a', prefetch: 256 },
      },
    ]);
    expect(sources('sources: []\nbroker: embedded')).toHaveLength(1);
  });
});

describe('the list', () => {
  const YAML = `
kafka:
  brokers: [a:1]
  publishTimeout: 7s
  deadLetters: { keepSettled: 1h, maxBytes: 20MiB }
sources:
  - name: bss
    broker: kafka
  - name: oss
    broker: kafka
    prefix: hub-oss
    kafka:
      brokers: [b:1, c:1]
      deadLetters: { keepSettled: 2h }
  - { name: field, broker: rabbitmq, rabbitmq: { url: amqp://r, prefetch: 10 } }
  - { name: own, broker: embedded }
`;

  test('keeps its order; each has the values of its section, with its own over them', () => {
    const [bss, oss, field, own, ...more] = sources(YAML);
    expect(bss).toMatchObject({
      ...{ name: 'bss', prefix: 'tmf-hub', broker: 'kafka' },
      kafka: { brokers: ['a:1'], publishTimeout: 7_000, deadLetters: { keepSettled: 3_600_000 } },
    });
    expect(oss).toMatchObject({
      ...{ name: 'oss', prefix: 'hub-oss', broker: 'kafka' },
      kafka: {
        ...{ brokers: ['b:1', 'c:1'], publishTimeout: 7_000, partitions: 6 },
        deadLetters: { keepSettled: 7_200_000, maxBytes: 20_971_520 },
      },
    });
    expect(field).toMatchObject({
      name: 'field',
      rabbitmq: { url: 'amqp://r', prefetch: 10, heartbeat: 30_000 },
    });
    expect(own).toEqual({ name: 'own', prefix: 'tmf-hub', broker: 'embedded' });
    expect(more).toEqual([]);
  });

  test('a shared setting from the environment is that of every source without its own', () => {
    const loaded = sources(YAML, { TMF_HUB_KAFKA_PUBLISHTIMEOUT: '9s', TMF_HUB_KAFKA_BROKERS: 'e:1' });
    expect(loaded).toMatchObject([
      { kafka: { brokers: ['e:1'], publishTimeout: 9_000 } },
      { kafka: { brokers: ['b:1', 'c:1'], publishTimeout: 9_000 } },
      {},
      {},
    ]);
  });

  test('files for TLS are shared, or its own, as they are', () => {
    const yaml = `
kafka: { brokers: [a:1], tls: { enabled: true, ca: '${ca()}' } }
sources:
  - { name: a, broker: kafka }
  - { name: b, broker: kafka, prefix: b, kafka: { tls: { ca: '${ca()}' } } }
`;
    const { ca: shared } = written.config(yaml).kafka.tls;
    const own = sources(yaml).map((source) => source.broker === 'kafka' && source.kafka.tls.ca);
    expect(own.map((file) => file instanceof PemFile && file.text)).toEqual([shared?.text, shared?.text]);
    expect(shared?.text).toContain('BEGIN CERTIFICATE');
  });

  test('from the environment it is JSON', () => {
    const list = [{ name: 'a', broker: 'rabbitmq', rabbitmq: { url: 'amqp://r', heartbeat: '20s' } }];
    expect(sources('', { TMF_HUB_SOURCES: JSON.stringify(list) })).toMatchObject([
      { name: 'a', rabbitmq: { url: 'amqp://r', heartbeat: 20_000 } },
    ]);
  });
});
