import type { DeadLetterView } from '../dead-letter-view.ts';
import { withQuery } from '../gateway-client.ts';
import type { Journey } from '../journey.ts';
import type { ListenerName } from './listeners.ts';
import type { Stage } from './stage.ts';

/** What the play saw at the gateway, beside the listeners' books. */
export interface Findings {
  readonly deadLetters: number;
  readonly replayed: number;
  readonly circuitsOpened: number;
}

/** A customer signs up while three things go wrong. Resolves when all is delivered, or rejects saying what was missing. */
export async function play(stage: Stage, journey: Journey): Promise<Findings> {
  const { listeners, narrator } = stage;
  const poison = journey.signUp[0]?.resource.id;
  let maintenance = 2;
  let crmIsFixed = false;
  listeners.billing.answer = () => (maintenance-- > 0 ? 503 : 204);
  listeners.CRM.answer = ({ resourceId }) => (resourceId === poison && !crmIsFixed ? 500 : 204);

  narrator.heading('Three systems ask to be told');
  await stage.registerAll();
  const watch = watchCircuits(stage);

  narrator.heading(
    'A customer signs up; billing is busy for two requests, and the CRM stumbles over the apostrophe in her name',
  );
  await stage.publishAll(journey.signUp);

  narrator.heading('The network builds her line while the inventory system is down: its events wait');
  await listeners.inventory.close();
  narrator.say('inventory', 'is down: its port is closed');
  await stage.publishAll(journey.fulfilment);
  await stage.until('a circuit opens', () => watch.opened() > 0 || undefined);

  narrator.heading('The inventory system comes back and gets all it missed, in order');
  await listeners.inventory.open();
  narrator.say('inventory', 'is up again');
  await stage.untilServed('inventory');

  narrator.heading('The order is done');
  await stage.publishAll(journey.completion);
  await Promise.all([
    stage.untilServed('billing'),
    stage.untilServed('inventory'),
    stage.untilServed('CRM', 1),
  ]);

  narrator.heading('One event is left: the CRM refused it until the gateway put it aside as a dead letter');
  const letter = await stage.until('the dead letter of the CRM', () => firstDeadLetter(stage));
  tellDeadLetter(stage, letter);
  crmIsFixed = true;
  narrator.say('CRM', 'is fixed: it can read apostrophes now');
  narrator.say('gateway', `is told to replay it: POST /admin/dead-letters/${letter.id}/replay`);
  await stage.admin.post(`/admin/dead-letters/${encodeURIComponent(letter.id)}/replay`);
  await stage.untilServed('CRM');

  await stage.until('the gateway has nothing left to do', () => isIdle(stage));
  await watch.stop();
  return {
    deadLetters: await countDeadLetters(stage, 'open'),
    replayed: await countDeadLetters(stage, 'replayed'),
    circuitsOpened: watch.opened(),
  };
}

interface View {
  readonly id: string;
  readonly circuit: string;
  readonly lag: number;
  readonly inFlight: number;
  readonly waitingRetry: number;
}

async function views(stage: Stage): Promise<readonly View[]> {
  const { body } = await stage.admin.get('/admin/subscriptions');
  return (body as { items: readonly View[] }).items;
}

async function isIdle(stage: Stage): Promise<true | undefined> {
  const busy = (await views(stage)).filter((view) => view.lag + view.inFlight + view.waitingRetry > 0);
  return busy.length === 0 || undefined;
}

/** Tells when the gateway takes an endpoint for down, and when it trusts it again. */
function watchCircuits(stage: Stage) {
  const broken = new Set<string>();
  let opened = 0;
  let watching = true;
  const look = async () => {
    for (const { id, circuit, lag } of await views(stage)) {
      const name: ListenerName | undefined = stage.subscriptions.get(id);
      if (name === undefined || (circuit === 'closed') === !broken.has(id)) continue;
      if (circuit === 'closed') {
        broken.delete(id);
        stage.narrator.say('gateway', `${name} answers again: its events flow (subscription ${id})`);
      } else {
        broken.add(id);
        opened += 1;
        const held = lag > 0 ? `, ${lag} held` : '';
        stage.narrator.say(
          'gateway',
          `${name} does not answer: its events wait here${held} (subscription ${id})`,
        );
      }
    }
  };
  const loop = async () => {
    while (watching) {
      await look();
      await stage.pause(100);
    }
  };
  // When the play is called off or the gateway is gone, the play itself says so.
  const ended = loop().catch(() => undefined);
  return {
    opened: () => opened,
    async stop() {
      watching = false;
      await ended;
    },
  };
}

async function firstDeadLetter(stage: Stage): Promise<DeadLetterView | undefined> {
  const { body } = await stage.admin.get('/admin/dead-letters');
  return (body as { items: readonly DeadLetterView[] }).items[0];
}

async function countDeadLetters(stage: Stage, state: string): Promise<number> {
  const { body } = await stage.admin.get(withQuery('/admin/dead-letters', { state, limit: 1 }));
  return (body as { total: number }).total;
}

function tellDeadLetter(stage: Stage, { id, reason, eventType, attempts }: DeadLetterView): void {
  const tries = attempts.map(({ status, error }) => status ?? error).join(', ');
  stage.narrator.say('gateway', `dead letter ${id}: ${eventType ?? ''}, ${reason}`);
  stage.narrator.say('gateway', `it keeps the event and every attempt: ${tries}`);
}
