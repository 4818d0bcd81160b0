import { OperationRefused } from '../../src/admin/operations.ts';
import { DeskScene } from './desk-scene.ts';

test('pause and resume while the registry is away: not now, and nothing changed', async () => {
  const desk = await DeskScene.with({ a: () => 204 });
  desk.registryIsAway = true;
  for (const change of ['pause', 'resume'] as const) {
    const refused = await desk.operations[change]('a').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(OperationRefused);
    expect(refused).toMatchObject({
      status: 503,
      message: expect.stringContaining('nothing changed') as string,
    });
  }
  expect(desk.operations.subscription('a')).toMatchObject({ state: 'active' });
});
