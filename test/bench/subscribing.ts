const HUB = '/tmf-api/productOrderingManagement/v4/hub';
const AT_ONCE = 50;

export interface Subscribed {
  readonly ids: string[];
  /** Why there are no more of them. */
  readonly refusal: Error | undefined;
}

/** Registers a subscription as a client does; resolves with its id. */
export async function register(url: string, callback: string, eventType: string): Promise<string> {
  const body = JSON.stringify({ callback, query: `eventType=${eventType}` });
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url + HUB, { method: 'POST', headers, body });
  if (answer.status !== 201) throw new Error(await answer.text());
  return ((await answer.json()) as { id: string }).id;
}

/** Registers `count` of them for one event type, a callback each. */
export async function subscribe(
  url: string,
  count: number,
  callback: (i: number) => string,
  eventType: string,
): Promise<string[]> {
  const { ids, refusal } = await subscribeUpTo(url, count, callback, eventType);
  if (refusal) throw refusal;
  return ids;
}

/** The same, but ends where one is refused and says why. */
export async function subscribeUpTo(
  url: string,
  count: number,
  callback: (i: number) => string,
  eventType: string,
): Promise<Subscribed> {
  const ids: string[] = [];
  let refusal: Error | undefined;
  for (let i = 0; i < count && !refusal; i += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - i) }, async (_, j) => {
      try {
        ids.push(await register(url, callback(i + j), eventType));
      } catch (error) {
        refusal = error as Error;
      }
    });
    await Promise.all(some);
  }
  return { ids, refusal };
}
