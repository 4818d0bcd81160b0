import { Ajv } from 'ajv';
import request from 'supertest';
import { startParts } from './gateway-parts.ts';

/** What all kinds of Ajv inherit. */
const core = Object.getPrototypeOf(Ajv.prototype) as Pick<Ajv, 'addSchema'>;

/** How many schemas are given to validators meanwhile, which keep them. */
async function schemasKept(work: () => Promise<void>): Promise<number> {
  const { addSchema } = core;
  let count = 0;
  core.addSchema = function (this: Ajv, ...args: Parameters<Ajv['addSchema']>) {
    count += 1;
    return addSchema.apply(this, args);
  };
  try {
    await work();
  } finally {
    core.addSchema = addSchema;
  }
  return count;
}

test('requests with content types of all kinds leave nothing behind in the validator', async () => {
  const { app } = await startParts();
  const send = async (type: string, json: string) => {
    const made = await request(app)
      .post('/hub')
      .set('Content-Type', json)
      .send('{"callback":"http://a.example"}');
    expect(made.status).toBe(201);
    const path = `/hub/${(made.body as { id: string }).id}`;
    for (const seen of ['/hub', path])
      expect((await request(app).get(seen).set('Content-Type', type)).status).toBe(200);
    expect((await request(app).delete(path).set('Content-Type', type)).status).toBe(204);
  };
  const first = await schemasKept(() => send('application/json', 'application/json'));
  expect(first).toBeGreaterThan(0);
  const others = await schemasKept(async () => {
    for (const n of [1, 2, 3]) await send(`application/x-${n}`, `Application/JSON; n=${n}`);
  });
  expect(others).toBe(0);
});
