import { answered, Scene, TOPIC, type Behaviour, type Reply, type SceneOptions } from './scene.ts';

export function slow(status: number, after: number): Reply {
  return { answer: answered(status, {}, after), after };
}

/** A scene whose partitions go and come; `a` is subscribed. */
export async function owning(behaviour: Behaviour, options: SceneOptions = {}) {
  const scene = await Scene.with({ a: behaviour }, options);
  const partitions = await scene.gateway.log.partitions();
  const some = (numbers: readonly number[]) =>
    partitions.filter(({ partition }) => numbers.length === 0 || numbers.includes(partition));
  return {
    scene,
    /** Begins to let go of these partitions, or of all; answers how long that took (simulated milliseconds). */
    revoke: async (how: 'planned' | 'lost', ...numbers: number[]): Promise<number> => {
      const began = scene.now;
      let took = 0;
      const { broker } = scene.gateway;
      await scene.finish(broker.revoked(some(numbers), how).then(() => (took = scene.now - began)));
      return took;
    },
    assign: (...numbers: number[]) => scene.finish(scene.gateway.broker.assigned(some(numbers))),
    position: (partition = 0) => scene.storage.positions.get(`a ${TOPIC}:${partition}`)?.offset,
    /** What of the process's capacity is in use. */
    used: () => {
      const { bytes, slotsInUse } = scene.gateway.deliveries.capacity;
      return { bytes, slotsInUse };
    },
  };
}

export const NOTHING = { bytes: 0, slotsInUse: 0 };
