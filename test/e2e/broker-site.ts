import amqp from 'amqplib';
import type { GatewayProcess } from '../support/gateway-process.ts';
import type { Receipt, TestListener } from '../support/listener.ts';

/** What users, operators and producers do with a whole gateway on real brokers, in words. */

export const API = '/tmf-api/productOrderingManagement/v4';
export const TYPE = 'ProductOrderStateChangeEvent';
/** Short waits, so that what fails is over soon. */
export const PACE = { TMF_HUB_RETRY_DELAYS: '100ms,100ms,100ms', TMF_HUB_CIRCUIT_PROBEMIN: '100ms' };

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly json: unknown;
}

export interface Letter {
  readonly id: string;
  readonly eventId: string;
  readonly reason: string;
  readonly state: string;
  readonly source: { readonly broker: string; readonly topic: string; readonly routingKey?: string };
  readonly attempts: readonly { readonly n: number; readonly status?: number }[];
}

export interface Readiness {
  readonly ready: boolean;
  readonly parts: Readonly<Record<string, { readonly ok: boolean; readonly reason?: string }>>;
}

export async function send(method: string, url: string, body?: unknown): Promise<Answer> {
  const given = body === undefined ? {} : { body: JSON.stringify(body) };
  const answer = await fetch(url, { method, headers: { 'content-type': 'application/json' }, ...given });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, json: text === '' ? undefined : JSON.parse(text) };
}

export function hubOf({ url }: GatewayProcess): string {
  return `${url}${API}/hub`;
}

/** Resolves with the subscription's id; rejects unless it was made. */
export async function register(gateway: GatewayProcess, callback: string): Promise<string> {
  const { status, json } = await send('POST', hubOf(gateway), { callback, query: `eventType=${TYPE}` });
  if (status !== 201) throw new Error(`not registered: ${JSON.stringify(json)}`);
  return (json as { id: string }).id;
}

/** The ids of the subscriptions that a client sees at the hub. */
export async function listed(gateway: GatewayProcess): Promise<string[]> {
  return ((await send('GET', hubOf(gateway))).json as { id: string }[]).map(({ id }) => id);
}

/** Through the gateway's own endpoint; rejects unless it was taken. */
export async function publish(gateway: GatewayProcess, eventId: string, key = eventId): Promise<void> {
  const { status, json } = await send('POST', `${gateway.url}${API}/event`, eventOf(eventId, key));
  if (status !== 201) throw new Error(`not published: ${JSON.stringify(json)}`);
}

export function eventOf(eventId: string, key = eventId) {
  const event = { productOrder: { id: key, state: 'completed' } };
  return { eventId, eventType: TYPE, eventTime: new Date().toISOString(), correlationId: `c-${key}`, event };
}

export interface Produced {
  readonly eventId: string;
  readonly key?: string;
  /** The event type by default, as a producer that knows TMF does it. */
  readonly routingKey?: string;
}

/** As another system does it: to the exchange, without any header. Resolves once RabbitMQ has confirmed all. */
export async function produce(url: string, exchange: string, events: readonly Produced[]): Promise<void> {
  const connection = await amqp.connect(url);
  try {
    const channel = await connection.createConfirmChannel();
    for (const { eventId, key, routingKey = TYPE } of events) {
      channel.publish(exchange, routingKey, Buffer.from(JSON.stringify(eventOf(eventId, key))), {
        persistent: true,
      });
    }
    await channel.waitForConfirms();
  } finally {
    await connection.close();
  }
}

export function idsOf(receipts: readonly Receipt[]): string[] {
  return receipts.map(({ event }) => event.eventId);
}

/** Which events the listener has got so far, each once, sorted. */
export function gotBy({ receipts }: TestListener): string[] {
  return [...new Set(idsOf(receipts))].toSorted();
}

/** Of the receipts of replays. */
export function replayed({ receipts }: TestListener): string[] {
  return idsOf(receipts.filter(({ headers }) => headers['x-tmf-hub-replay'] === 'true'));
}

export async function deadLetters(gateway: GatewayProcess, query = ''): Promise<Letter[]> {
  const { json } = await send('GET', `${gateway.admin}/admin/dead-letters${query}`);
  return (json as { items: Letter[] }).items;
}

export async function stateOf(gateway: GatewayProcess, letterId: string): Promise<string> {
  return ((await send('GET', `${gateway.admin}/admin/dead-letters/${letterId}`)).json as Letter).state;
}

/** One subscription as the operator sees it. */
export async function view(gateway: GatewayProcess, id: string): Promise<Record<string, unknown>> {
  return (await send('GET', `${gateway.admin}/admin/subscriptions/${id}`)).json as Record<string, unknown>;
}

/** An operator's command, such as `pause` or `replay`. */
export function act(gateway: GatewayProcess, id: string, action: string, body?: unknown): Promise<Answer> {
  return send('POST', `${gateway.admin}/admin/subscriptions/${id}/${action}`, body);
}

export async function explain(gateway: GatewayProcess, id: string, eventId: string): Promise<Answer> {
  return send('GET', `${gateway.admin}/admin/subscriptions/${id}/explain?eventId=${eventId}`);
}

export async function verdict(gateway: GatewayProcess, id: string, eventId: string): Promise<string> {
  return ((await explain(gateway, id, eventId)).json as { verdict: string }).verdict;
}

export async function readiness({
  admin,
}: Pick<GatewayProcess, 'admin'>): Promise<Readiness & { readonly status: number }> {
  const { status, json } = await send('GET', `${admin}/readyz`);
  return { status, ...(json as Readiness) };
}
