import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/listener.ts';
import { handedOver } from '../judge.ts';
import { EVENTS, scaled } from '../scale.ts';
import type { KafkaSite } from './site.ts';
import { stage } from './stage.ts';
import { TEST_MS, wrongs } from '../verdict.ts';
import { positionsBehind } from './site.ts';

const on = stage();

test(
  'promise 1: the topic gains partitions under load',
  async () => {
    const site = await on.site({ name: 'more-partitions' });
    const published = site.load.run({ events: EVENTS, seconds: scaled(20, 60) });
    await site.share(0.3, EVENTS);
    await on.tools.alterPartitions(site.topic, 9);
    // The producer hears of them at once, the gateway some seconds later.
    await site.load.spreadOver(9);
    await sleep(5_000);
    // The group shares them anew.
    site.disturbances.push(handedOver(performance.now()));
    await published;
    expect(await wrongs(site, { scenario: 'topic: 6 partitions become 9' })).toEqual([]);
  },
  TEST_MS,
);

test(
  'RULES 4: the topic is deleted and made again, twice, and its offsets begin anew',
  async () => {
    const site = await on.site({ name: 'topic-anew', early: 600 });
    const { load, gateway } = site;
    const plan = { events: Math.floor(EVENTS / 3), seconds: scaled(6, 30) };
    await load.run(plan);
    await site.share(1, load.sent.length);
    // With the last positions not committed yet: Kafka forgets those of the old topic, and is then told of these.
    gateway.now.freeze();
    await makeAnew(site);
    gateway.now.thaw();
    site.disturbances.push(handedOver(performance.now()));
    await load.run(plan);
    await site.share(1, load.sent.length);
    // With nothing left to commit: Kafka forgets all positions.
    expect(await positionsBehind(site)).toEqual([]);
    await makeAnew(site);
    site.disturbances.push(handedOver(performance.now()));
    await load.run(plan);
    expect(await wrongs(site, { scenario: 'topic: deleted and made again, twice' })).toEqual([]);
  },
  TEST_MS,
);

async function makeAnew({ tools, topic, load }: KafkaSite): Promise<void> {
  await tools.deleteTopic(topic);
  const made = async (): Promise<boolean> =>
    tools.createTopic(topic, { partitions: 6 }).then(
      () => true,
      () => false,
    );
  await until(made, 'the topic made again');
  await load.topicIsNew();
}

test(
  'promise 1: of transactions the committed are delivered, and no aborted one is',
  async () => {
    const site = await on.site({ name: 'transactions' });
    const published = site.load.run({ events: EVENTS, seconds: scaled(15, 60) });
    for (let n = 0; n < 10; n++) {
      for (const end of ['commit', 'abort'] as const) {
        await site.load.transaction('of-kafkajs', 10, end);
        await site.load.javaTransaction(site.tools, 'of-java', 10, end);
      }
    }
    await published;
    // An aborted one would be named: nobody was told that it is there.
    expect(await wrongs(site, { scenario: 'transactions: 20 committed, 20 aborted' })).toEqual([]);
  },
  TEST_MS,
);
