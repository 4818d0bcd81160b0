import { OperationRefused } from '../admin/operations.ts';
import type { Broker, ReplayRange } from '../brokers/broker.ts';

interface Part {
  readonly broker: Broker;
  readonly range: ReplayRange;
}

/**
 * Replays a range from the sources that it concerns: by time all of them, by event id those that have the event, by
 * offsets those that have the places. Where it can be told beforehand that one refuses, none begins. The answer names
 * the job of each.
 */
export async function replayFrom(
  brokers: readonly Broker[],
  subscriptionId: string,
  range: ReplayRange,
): Promise<{ jobId: string }> {
  const parts = await partsOf(brokers, range);
  if (parts.length > 1) refuseIfAway(parts.map(({ broker }) => broker));
  const jobs: string[] = [];
  for (const part of parts) jobs.push(await jobOf(part, subscriptionId));
  return { jobId: jobs.join(',') };
}

async function jobOf({ broker, range }: Part, subscriptionId: string): Promise<string> {
  try {
    return (await broker.replay(subscriptionId, range)).jobId;
  } catch (error) {
    refuseIfAway([broker]);
    throw error;
  }
}

async function partsOf(brokers: readonly Broker[], range: ReplayRange): Promise<Part[]> {
  const { from } = range;
  if ('offsets' in from) return partsByOffsets(brokers, range, from.offsets);
  const concerned = 'eventId' in from ? await having(brokers, from.eventId) : brokers;
  return concerned.map((broker) => ({ broker, range }));
}

/** All when none has it, as a single one is asked too: then there is nothing to replay. */
async function having(brokers: readonly Broker[], eventId: string): Promise<readonly Broker[]> {
  if (brokers.length === 1) return brokers;
  refuseIfAway(brokers);
  const found = await Promise.all(brokers.map((broker) => broker.find({ eventId }, 1)));
  const those = brokers.filter((_, index) => found[index]?.length);
  return those.length > 0 ? those : brokers;
}

async function partsByOffsets(
  brokers: readonly Broker[],
  range: ReplayRange,
  offsets: Readonly<Record<string, number>>,
): Promise<Part[]> {
  const places = await Promise.all(
    brokers.map(async (broker) => ({ broker, names: new Set(await broker.partitions()) })),
  );
  const wanted = Object.entries(offsets).map(([name, offset]) => ({ ...placeOf(name, places), offset }));
  return brokers.flatMap((broker) => {
    const own = wanted.filter((one) => one.broker === broker).map(({ name, offset }) => [name, offset]);
    const from = { offsets: Object.fromEntries(own) as Record<string, number> };
    return own.length > 0 ? [{ broker, range: { ...range, from } }] : [];
  });
}

/** Of which source is the place with this name? `source/topic:partition` says it where several have it. */
function placeOf(
  given: string,
  places: readonly { readonly broker: Broker; readonly names: ReadonlySet<string> }[],
): { broker: Broker; name: string } {
  const found = places.flatMap(({ broker, names }) => {
    const named = `${broker.name}/`;
    const name = given.startsWith(named) ? given.slice(named.length) : given;
    return names.has(name) ? [{ broker, name }] : [];
  });
  const [place, ...more] = found;
  if (!place) throw new OperationRefused(400, `from.offsets: no source has ${given}`);
  if (more.length === 0) return place;
  const spelled = found.map(({ broker, name }) => `${broker.name}/${name}`).join(' or ');
  throw new OperationRefused(400, `from.offsets: several sources have ${given}; write ${spelled}`);
}

function refuseIfAway(brokers: readonly Broker[]): void {
  for (const broker of brokers) {
    const health = broker.health();
    if (!health.ok)
      throw new OperationRefused(503, `the source ${broker.name} cannot be asked now: ${health.reason}`);
  }
}
