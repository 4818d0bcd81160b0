import type { SourceRecord } from '../../src/brokers/broker.ts';
import { Scene, TOPIC } from './scene.ts';

/** A record that is no event, offered by a broker that is still at work while the gateway ends, or asks twice. */
const RECORD: SourceRecord = {
  source: { broker: 'memory', topic: TOPIC, partition: 0, offset: 99 },
  key: undefined,
  value: Buffer.from('no event'),
  headers: {},
  timestamp: 0,
};

async function scene(letterFails = () => false) {
  const made = await Scene.with({ a: () => 204 }, { faults: { letterFails } });
  const { deliveries, broker } = made.gateway;
  const said: string[] = [];
  const route = () => {
    const routed = deliveries.route(RECORD);
    if (!('quarantined' in routed)) throw new Error('it was taken for an event');
    routed.quarantined.then(
      () => said.push('durable'),
      () => said.push('failed'),
    );
  };
  return { made, deliveries, letters: broker.deadLetters, said, route };
}

test('RULES 26: what is not durable when the gateway ends is never said to be', async () => {
  const { made, deliveries, said, route } = await scene(() => true);
  route();
  await made.clock.advance(1_000);
  deliveries.closeAll();
  await made.clock.advance(60_000);
  expect(said).toEqual([]);
  expect(made.letters()).toEqual([]);
});

test('where it cannot be found out whether the letter is there, it is asked again, and stays as it is', async () => {
  const { made, letters, said, route } = await scene();
  route();
  await made.clock.advance(1_000);
  const [letter] = made.letters();
  made.storage.letters.set(letter!.id, { ...letter!, state: 'discarded' });
  const get = letters.get.bind(letters);
  let failures = 2;
  letters.get = (id) => (failures-- > 0 ? Promise.reject(new Error('the broker is away')) : get(id));
  route();
  await made.clock.advance(60_000);
  expect(said).toEqual(['durable', 'durable']);
  expect(made.letters()).toMatchObject([{ state: 'discarded' }]);
});
