import { faultOf, type Document } from './envelopes.ts';
import { allEvents, numberIn, type WalkEvent } from './events.ts';
import { allHubs, plain, receivers, type Hub } from './routing.ts';
import { nameOf, records, triples, type Triple } from './triples.ts';
import { Validators } from './validators.ts';
import { forEach, Walk, type Answer, type Delivery } from './walk.ts';

/**
 * Every API and every event type of the catalogue, over real HTTP: a hub for each of them, each event in both ways of
 * publishing, and exactly those hubs get it that have to.
 *
 * Which schema a delivered event has to fit: that of the API version whose event it is, wherever the hub is of the same
 * major version or sends the event as produced. A hub of another major version sends its own envelope around a resource
 * of this one: no specification describes that, so only its envelope is looked at. Where the hub's newest version
 * calls the content otherwise (TMF666), what is sent has to fit that version.
 */

const hubs = allHubs(records, triples);
const events = allEvents(triples);

let walk: Walk;
let registered: Answer[];
const published: Answer[] = [];
/** `hub event` for each delivery that had to be, and for each that was. */
const due: string[] = [];
const came: string[] = [];
const wrongEnvelopes: string[] = [];
const wrongBodies: string[] = [];
/** Numbers of triples of which a delivered event was held against its schema. */
const validated = new Set<number>();

beforeAll(async () => {
  const validators = new Validators();
  const lookAtAll = (): void => walk.take().forEach((delivery) => look(delivery, validators));
  walk = await Walk.start();
  registered = await forEach(hubs, (hub) => walk.register(hub));
  // API by API, so that few events and few compiled schemas are in memory at once.
  for (const round of Map.groupBy(events, ({ triple }) => triple.api).values()) {
    published.push(...(await forEach(round, ({ place, text }) => walk.post(place, text))));
    const deliveries = round.flatMap(deliveriesOf);
    due.push(...deliveries);
    const complete = await walk.delivered(deliveries.length).then(
      () => true,
      () => false,
    );
    lookAtAll();
    // Which are missing is then found below.
    if (!complete) break;
  }
  await walk.settled();
  lookAtAll();
}, 120_000);

afterAll(() => walk.stop());

function deliveriesOf({ number, triple: { api, type } }: WalkEvent): string[] {
  return receivers(hubs, [api], type).map((hub) => `${hub.number} ${number}`);
}

function look({ hub: hubNumber, body }: Delivery, validators: Validators): void {
  const hub = hubs[hubNumber]!;
  const event = events[numberIn(body)]!;
  const { number, triple } = event;
  const delivery = `${hub.number} ${number}`;
  came.push(delivery);
  const wrong = faultOf(body, event, hub);
  if (wrong !== undefined) wrongEnvelopes.push(`${described(delivery)}: ${wrong}`);
  if (!triple.hasSchema || (hub.major !== undefined && hub.major !== triple.major)) return;
  validated.add(triple.number);
  const document = JSON.parse(body) as Document;
  const misfit = validators.faultOf('payload' in event.document ? newestAt(hub, triple) : triple, document);
  if (misfit !== undefined) wrongBodies.push(`${described(delivery)}: ${misfit}`);
}

/** The event type as the newest version at the hub has it; with the global hub, which has none, as it was produced. */
function newestAt(hub: Hub, triple: Triple): Triple {
  const equal = triples.filter(
    ({ basePath, type }) => basePath === hub.basePath && plain(type) === plain(triple.type),
  );
  return equal.at(-1) ?? triple;
}

function described(delivery: string): string {
  const [hub = 0, event = 0] = delivery.split(' ').map(Number);
  const { basePath, type } = hubs[hub]!;
  return `${nameOf(events[event]!.triple)} at ${basePath}/hub ${type ?? '(no query)'}`;
}

test('the table is whole', () => {
  expect(records).toHaveLength(207);
  expect(triples).toHaveLength(1389);
  expect(new Set(records.map(({ basePath }) => basePath)).size).toBe(182);
  expect(new Set(events.map(({ triple }) => triple.number)).size).toBe(1389);
});

test('every hub is registered at its place, in the shape of its version', () => {
  const wrong = hubs.filter((hub, index) => {
    const { status, location, text } = registered[index]!;
    const body = JSON.parse(text) as Record<string, unknown>;
    const query = hub.type === undefined ? '' : `eventType=${hub.type}`;
    const told = body['callback'] === walk.callbackOf(hub) && body['query'] === query;
    const shaped = hub.major !== 5 || body['@type'] === 'Hub';
    return status !== 201 || location !== `${hub.basePath}/hub/${String(body['id'])}` || !told || !shaped;
  });
  expect(wrong).toEqual([]);
});

test('every event is taken, at /event and at its listener', () => {
  const refused = published.flatMap(({ status, text }, index) =>
    status === 201 ? [] : [`${events[index]!.place}: ${status} ${text}`],
  );
  expect(refused).toEqual([]);
  expect(published).toHaveLength(events.length);
});

test('exactly the hubs that have to get an event get it, once', async () => {
  const wanted = new Set(due);
  const got = new Set<string>();
  const twice = came.filter((delivery) => got.size === got.add(delivery).size);
  expect(due.filter((delivery) => !got.has(delivery)).map(described)).toEqual([]);
  expect(came.filter((delivery) => !wanted.has(delivery)).map(described)).toEqual([]);
  expect(twice.map(described)).toEqual([]);
  expect(await walk.deadLetters()).toBe(0);
});

test('each in the envelope of its hub, with the resource as it was', () => {
  expect(wrongEnvelopes).toEqual([]);
});

test('each fits the schema of its specification, where there is one', () => {
  expect(wrongBodies).toEqual([]);
  expect(validated.size).toBe(1124);
  expect(triples.filter(({ number }) => !validated.has(number))).toHaveLength(265);
});

/** At the global `/event` the type alone has to do, unless a header says which API it is. */
test('a type that stands in several APIs reaches all of them, or the one that is named', async () => {
  const apisByType = Map.groupBy(triples, ({ type }) => type);
  const names = [...apisByType].filter(([, having]) => new Set(having.map(({ api }) => api)).size > 1);
  expect(names).toHaveLength(59);
  const posts = names.flatMap(([type]) => {
    const apis = new Set(triples.filter((one) => plain(one.type) === plain(type)).map(({ api }) => api));
    return [
      { type, apis: [...apis], tmfApi: '' },
      ...[...apis].map((api) => ({ type, apis: [api], tmfApi: api })),
    ];
  });
  const answers = await forEach([...posts.entries()], ([number, { type, tmfApi }]) => {
    const event = {
      eventId: `event-${number}`,
      eventType: type,
      event: { resource: { id: `resource-${number}` } },
    };
    return walk.post('/event', JSON.stringify(event), tmfApi === '' ? {} : { tmfApi });
  });
  expect(answers.filter(({ status }) => status !== 201)).toEqual([]);
  const wanted = posts.flatMap(({ type, apis }, number) =>
    receivers(hubs, apis, type).map((hub) => `${hub.number} ${number}`),
  );
  await walk.delivered(wanted.length);
  await walk.settled();
  const got = walk.take().map(({ hub, body }) => `${hub} ${numberIn(body)}`);
  expect(got.toSorted()).toEqual(wanted.toSorted());
});
