import { Troubles } from '../../src/brokers/rabbitmq/wire/troubles.ts';
import { silentLogger } from '../../src/logger.ts';

const refused = { sentence: 'refuses the password', isRefusal: true };
const cutOff = { sentence: 'ends the connection', isRefusal: false };

let said: string[];
let troubles: Troubles;
beforeEach(() => {
  said = [];
  const note = (fields: { reason?: string }, message: string) =>
    void said.push(`${message}: ${fields.reason}`);
  troubles = new Troubles({ ...silentLogger, warn: note, error: note });
});

const ONCE = ['rabbitmq.refused: refuses the password', 'rabbitmq.disconnected: ends the connection'];

test('what two connections meet, and what looks now like this and now like that, is said once', () => {
  for (let attempt = 1; attempt <= 3; attempt++)
    for (const failure of [refused, cutOff])
      for (const purpose of ['in', 'out']) troubles.met(purpose, failure);
  expect(said).toEqual(ONCE);
});

test('it is said again when it comes back after all was well', () => {
  for (const purpose of ['in', 'out']) troubles.met(purpose, refused);
  troubles.over('in');
  troubles.met('in', refused);
  expect(said).toHaveLength(1);
  for (const purpose of ['in', 'out']) troubles.over(purpose);
  troubles.met('out', refused);
  expect(said).toHaveLength(2);
});
