import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { identify } from '../../scripts/services/process-identity.ts';
import { startKafka, type KafkaCluster } from '../../scripts/services/kafka.ts';
import type { KafkaNode } from '../../scripts/services/kafka-node.ts';
import { whatIsWrong } from '../../scripts/services/kafka-probe.ts';
import { clusterProperties } from '../../scripts/services/kafka-properties.ts';
import { PortTaken } from '../../scripts/services/ports.ts';
import { KafkaTools } from '../support/kafka-tools.ts';

let cluster: KafkaCluster;
let node: KafkaNode;
let tools: KafkaTools;

beforeAll(async () => {
  cluster = await startKafka({ properties: { 'message.max.bytes': 2000 } });
  node = cluster.nodes[0]!;
  tools = await KafkaTools.start(cluster.brokers);
}, 120_000);

afterAll(async () => {
  // A start that failed has nothing to end.
  await (tools as KafkaTools | undefined)?.close();
  await (cluster as KafkaCluster | undefined)?.stop();
});

test('a broker keeps its port and its data when it is killed or stopped and starts again', async () => {
  await tools.createTopic('kept');
  await tools.produce('kept', [{ value: 'one' }]);
  const first = identify(node.pid)!;

  await node.kill();
  expect(node.pid).toBe(0);
  expect(identify(first.pid)).toBeUndefined();
  expect(await whatIsWrong(node.address)).toBeDefined();
  await node.start();
  expect(await tools.produce('kept', [{ value: 'two' }])).toEqual([{ partition: 0, offset: 1 }]);

  await node.stop();
  await node.start();
  expect(await tools.produce('kept', [{ value: 'three' }])).toEqual([{ partition: 0, offset: 2 }]);
  await expect(node.start()).rejects.toThrow('runs already');
});

test('a frozen broker accepts connections and answers nothing until it is thawed', async () => {
  node.freeze();
  expect(await whatIsWrong(node.address)).toMatch(/time/i);
  node.thaw();
  expect(await whatIsWrong(node.address)).toBeUndefined();
});

test('settings of the caller win over those of the test cluster', async () => {
  await tools.createTopic('narrow');
  await expect(tools.produce('narrow', [{ value: 'x'.repeat(5000) }])).rejects.toThrow(/larger/);
});

test('a start on a port that somebody else took says so', async () => {
  await node.kill();
  const thief = createServer((socket) => socket.destroy()).listen(node.port, '127.0.0.1');
  await once(thief, 'listening');
  await expect(node.start()).rejects.toBeInstanceOf(PortTaken);
  thief.close();
  await once(thief, 'close');
  await node.start();
});

test('stopping ends the broker, frozen as it may be, and leaves no data', async () => {
  const running = identify(node.pid)!;
  node.freeze();
  await cluster.stop();
  expect(identify(running.pid)).toBeUndefined();
  expect(existsSync(cluster.directory)).toBe(false);
});

test('of three nodes one may be missing', () => {
  const nodes = [1, 2, 3].map((id) => ({ id, port: id, controllerPort: 10 + id }));
  expect(clusterProperties(nodes)).toMatchObject({
    'controller.quorum.voters': '1@127.0.0.1:11,2@127.0.0.1:12,3@127.0.0.1:13',
    'default.replication.factor': 3,
    'offsets.topic.replication.factor': 3,
    'min.insync.replicas': 2,
    'transaction.state.log.min.isr': 2,
  });
});
