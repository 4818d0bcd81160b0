import { attaching } from './broker-attaching.ts';
import { deadLetters } from './broker-dead-letters.ts';
import { looking } from './broker-looking.ts';
import { quarantine } from './broker-quarantine.ts';
import { registryCopy } from './broker-registry-copy.ts';
import { replaying } from './broker-replaying.ts';
import { room } from './broker-room.ts';
import { settling } from './broker-settling.ts';
import { Stage, type BrokerSetting } from './broker-stage.ts';

export type { BrokerSetting } from './broker-stage.ts';

/**
 * What every driver promises (src/brokers/broker.ts). A new driver's test file is a constructor: `make` gives a broker
 * on empty storage each time. What a driver cannot do stands in its capabilities, and is held against those.
 */
export function brokerContract(name: string, make: () => Promise<BrokerSetting>): void {
  describe(`the broker ${name}`, () => {
    let stage: Stage;

    beforeEach(async () => {
      stage = new Stage(await make());
      await stage.start();
    });

    afterEach(() => stage.close());

    const given = (): Stage => stage;
    attaching(given);
    describe('room', () => room(given));
    describe('settle', () => settling(given));
    describe('quarantine', () => quarantine(given));
    describe('dead letters', () => deadLetters(given));
    describe('looking', () => looking(given));
    describe('the copy of the registry', () => registryCopy(given));
    describe('replay', () => replaying(given));
  });
}
