import type { ListenerName } from './listeners.ts';
import type { Stage } from './stage.ts';

/** What the play reads of `GET /admin/subscriptions`. */
interface View {
  readonly id: string;
  readonly circuit: string;
  readonly lag: number;
  readonly inFlight: number;
  readonly waitingRetry: number;
}

const LOOK_EVERY_MS = 100;

async function views(stage: Stage): Promise<readonly View[]> {
  const { body } = await stage.admin.get('/admin/subscriptions');
  return (body as { items: readonly View[] }).items;
}

/** True once the gateway owes nothing to anybody. */
export async function isIdle(stage: Stage): Promise<true | undefined> {
  const busy = (await views(stage)).filter((view) => view.lag + view.inFlight + view.waitingRetry > 0);
  return busy.length === 0 || undefined;
}

export interface CircuitWatch {
  /** How often a circuit to this listener was seen to open; without a name, to any. */
  opened(name?: ListenerName): number;
  stop(): Promise<void>;
}

/** Tells when the gateway takes an endpoint for down, and when it trusts it again. */
export function watchCircuits(stage: Stage): CircuitWatch {
  const broken = new Set<string>();
  const opened: ListenerName[] = [];
  let watching = true;
  const look = async () => {
    for (const { id, circuit } of await views(stage)) {
      const registration = stage.subscriptions.get(id);
      if (registration === undefined || (circuit === 'closed') === !broken.has(id)) continue;
      const who = `${registration.listener} (${registration.path})`;
      if (circuit === 'closed') {
        broken.delete(id);
        stage.narrator.say('gateway', `${who} answers again: its events flow`);
      } else {
        broken.add(id);
        opened.push(registration.listener);
        stage.narrator.say('gateway', `${who} does not answer: its events wait here until it does`);
      }
    }
  };
  const loop = async () => {
    while (watching) {
      await look();
      await stage.pause(LOOK_EVERY_MS);
    }
  };
  // When the play is called off or the gateway is gone, the play itself says so.
  const ended = loop().catch(() => undefined);
  return {
    opened: (name) => opened.filter((listener) => name === undefined || listener === name).length,
    async stop() {
      watching = false;
      await ended;
    },
  };
}
