import request from 'supertest';
import { OperationRefused } from '../../src/admin/operations.ts';
import { startAdmin } from './admin-parts.ts';

test('they are listed with the sources that keep something for them', async () => {
  const { app, operations, wrong } = startAdmin();
  operations.orphaned.push({ subscriptionId: 's-9', sources: ['kafka'] });
  const answer = await request(app).get('/admin/orphans');
  expect([answer.status, answer.body]).toEqual([
    200,
    { items: [{ subscriptionId: 's-9', sources: ['kafka'] }], total: 1 },
  ]);
  expect(wrong).toEqual([]);
});

test('one is ended by its id, which is logged; another is none', async () => {
  const { app, operations, wrong, logged } = startAdmin();
  operations.orphaned.push({ subscriptionId: 's-9', sources: ['kafka'] });
  expect((await request(app).delete('/admin/orphans/s-9')).status).toBe(204);
  expect(logged.map(({ message }) => message)).toEqual(['admin.orphan.remove']);
  expect((await request(app).delete('/admin/orphans/s-9')).status).toBe(404);
  expect((await request(app).post('/admin/orphans/s-9')).status).toBe(405);
  expect(wrong).toEqual([]);
});

test('one that the registry knows again is refused with the reason', async () => {
  const { app, operations, wrong } = startAdmin();
  operations.failure = new OperationRefused(409, 'The registry knows this subscription again.');
  const answer = await request(app).delete('/admin/orphans/s-9');
  expect(answer.status).toBe(409);
  expect((answer.body as { message: string }).message).toContain('knows this subscription again');
  expect(wrong).toEqual([]);
});
