import type { DeadLetterView } from '../dead-letter-view.ts';
import { withQuery } from '../gateway-client.ts';
import type { Journey } from '../journey.ts';
import type { Answer } from '../listener.ts';
import { isIdle, watchCircuits } from './circuits.ts';
import type { Stage } from './stage.ts';

/** What the play saw at the gateway, beside the listeners' books. */
export interface Findings {
  readonly deadLetters: number;
  readonly replayed: number;
  readonly circuitsOpened: number;
  /** Attempts that failed and were made again, as the gateway counts them. */
  readonly retries: number;
}

const FINE: Answer = { status: 204 };
const BUSY: Answer = { status: 503, text: 'in maintenance' };
const CONFUSED: Answer = { status: 500, text: "unexpected character ' in familyName" };

/** A customer signs up while three things go wrong. Resolves when all is delivered, or rejects saying what was missing. */
export async function play(stage: Stage, journey: Journey): Promise<Findings> {
  const { listeners, narrator } = stage;
  const poison = journey.signUp[0]?.resource.id;
  let maintenance = 2;
  let crmIsFixed = false;
  listeners.billing.answer = () => (maintenance-- > 0 ? BUSY : FINE);
  listeners.CRM.answer = ({ resourceId }) => (resourceId === poison && !crmIsFixed ? CONFUSED : FINE);

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
  await stage.until('the gateway notices', () => watch.opened('inventory') > 0 || undefined);

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
    retries: await countRetries(stage),
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

async function countRetries(stage: Stage): Promise<number> {
  const { body } = await stage.admin.get('/metrics');
  const counts = String(body).matchAll(/^tmf_hub_deliveries_total\{[^}]*outcome="retry"[^}]*\} (\d+)/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

function tellDeadLetter(stage: Stage, { id, reason, eventType, attempts }: DeadLetterView): void {
  const tries = attempts.map(({ status, error }) => status ?? error).join(', ');
  stage.narrator.say('gateway', `dead letter ${id}: ${eventType ?? ''}, ${reason}`);
  stage.narrator.say(
    'gateway',
    `it keeps the event, every attempt (${tries}) and the answer: ${attempts.at(-1)?.answer ?? '-'}`,
  );
}
