import type { Operations } from '../../src/admin/operations.ts';
import type { Broker } from '../../src/brokers/broker.ts';
import type { Health } from '../../src/health.ts';
import type { DecodeKnowledge } from '../../src/delivery/decode.ts';
import { silentLogger } from '../../src/logger.ts';
import { createOperations } from '../../src/operations/operations.ts';
import { createProfiles } from '../../src/tmf/profiles.ts';
import { Orphans } from '../../src/operations/orphans.ts';
import type { Subscription } from '../../src/registry/store.ts';
import { compileQuery, type Query } from '../../src/tmf/query/query.ts';
import { Scene, type Behaviour, type SceneOptions } from '../delivery/scene.ts';
import { subscription } from '../support/sim-gateway.ts';

/** An operator's desk over a simulated gateway: what `createOperations` answers while events are on their way. */
export class DeskScene {
  readonly scene: Scene;
  readonly registry = new Map<string, Subscription>();
  registryHealth: Health = { ok: true };
  registryIsAway = false;
  /** Sources beside the one of the scene. */
  readonly otherSources: Broker[] = [];
  /** How often a record was decoded, to be explained or delivered. */
  decoded = 0;

  constructor(options: SceneOptions = {}) {
    this.scene = new Scene(options);
  }

  static async with(listeners: Record<string, Behaviour>, options: SceneOptions = {}): Promise<DeskScene> {
    const desk = new DeskScene(options);
    await desk.scene.gateway.start();
    for (const [id, behaviour] of Object.entries(listeners)) await desk.subscribe(id, behaviour);
    return desk;
  }

  /** Made anew for each question, because a restart brings another gateway. */
  get operations(): Operations {
    const { broker, deliveries, stopped } = this.scene.gateway;
    for (const { id, state } of stopped) this.#keep(id, state as Subscription['state'], 'It stopped.');
    const knowledge: DecodeKnowledge = {
      apisOfType: () => {
        this.decoded++;
        return [];
      },
      payloadKeys: () => [],
    };
    return createOperations({
      brokers: [broker, ...this.otherSources],
      deliveries,
      knowledge,
      profiles: createProfiles(),
      subscriptions: () => [...this.registry.values()],
      setState: async (id, state, reason) => {
        if (this.registryIsAway) throw new Error('ECONNREFUSED');
        const kept = this.#keep(id, state, reason);
        if (kept) this.scene.setState(id, state);
        return kept;
      },
      queryOf,
      registryHealth: () => this.registryHealth,
      orphans: new Orphans({
        ...{ brokers: [], isKnown: () => true, isRegistered: async () => true },
        ...{ clock: this.scene.clock, logger: silentLogger },
      }),
    });
  }

  async subscribe(id: string, behaviour: Behaviour, given: Partial<Subscription> = {}): Promise<void> {
    const createdAt = new Date(this.scene.clock.now()).toISOString();
    this.registry.set(id, subscription(id, { createdAt, ...given }));
    await this.scene.subscribe(id, behaviour, { createdAt, ...given });
  }

  #keep(id: string, state: Subscription['state'], stateReason: string | null): Subscription | undefined {
    const before = this.registry.get(id);
    if (!before) return undefined;
    const after = { ...before, state, stateReason };
    this.registry.set(id, after);
    return after;
  }
}

function queryOf({ query }: Subscription): Query {
  const compiled = compileQuery(query, { knownEventTypes: null });
  if (!compiled.ok) throw new Error(compiled.reason);
  return compiled.query;
}
