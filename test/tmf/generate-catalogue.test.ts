import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const script = path.resolve('scripts/generate-catalogue.ts');
let folder: string;
let out: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'catalogue-'));
  out = path.join(folder, 'out.data.ts');
});
afterEach(() => rmSync(folder, { recursive: true }));

function generate(...args: string[]): { status: number | null; stderr: string } {
  const { status, stderr } = spawnSync(process.execPath, [script, '--out', out, ...args], {
    encoding: 'utf8',
  });
  return { status, stderr };
}

function record(apiId: string, version: string, title: string, basePath: string | null): object {
  return { apiId, version, title, basePath, source: { kind: 'copy', repo: `x/${apiId}`, commit: 'c0ffee' } };
}

function writeSource(): void {
  const records = [
    record('TMF002', '5.0.0', 'Second', null),
    record('TMF002', '4.0.0', 'Second', '/tmf-api/secondManagement/v4'),
    record('TMF002', '1.0.0', 'Second', '/tmf-api/oldName/v1'),
    {
      ...record('TMF001', '4.0.0', 'First Thing API', null),
      hubs: [{ path: '/hub' }, { path: '/topic/{topicId}/hub' }, { path: '/topic/{topicId}/hub/{id}' }],
    },
  ];
  writeFileSync(path.join(folder, 'catalogue.json'), JSON.stringify({ records }));
  const csv = [
    'apiId,version,confidence,eventType,kind,listenerPath,payloadKeys',
    'TMF002,5.0.0,full-spec,OrderCreateEvent,Create,/listener/orderCreateEvent,order',
    'TMF002,5.0.0,full-spec,OrderAskedEvent,Asked,/listener/orderOrderAskedEvent,order|question',
    'TMF002,5.0.0,names-only,OrderUpdateEvent,,/listener/orderUpdateEvent,order',
    'TMF002,5.0.0,inferred,OrderDeleteEvent,Delete,/listener/orderDeleteEvent,order',
    'TMF002,4.0.0,full-spec,,,/client/listener,id|callback',
  ];
  writeFileSync(path.join(folder, 'events.csv'), csv.join('\r\n'));
}

test('writes what counts: no inferred events, none without a name, base paths derived, topics', () => {
  writeSource();
  expect(generate(folder)).toEqual({ status: 0, stderr: '' });
  const content = readFileSync(out, 'utf8');
  expect(content.slice(content.indexOf('import type'))).toBe(
    [
      "import type { ApiRow } from './catalogue-rows.ts';",
      '',
      'export const catalogueRows: readonly ApiRow[] = [',
      '["TMF001","First Thing API","4.0.0","/tmf-api/firstThingAPI/v4",[],["topics"]],',
      '["TMF002","Second","1.0.0","/tmf-api/oldName/v1",[]],',
      '["TMF002","Second","4.0.0","/tmf-api/secondManagement/v4",[]],',
      '["TMF002","Second","5.0.0","/tmf-api/secondManagement/v5",[["OrderCreateEvent","Create",["order"]],' +
        '["OrderAskedEvent","Asked",["order","question"],"orderOrderAskedEvent"],' +
        '["OrderUpdateEvent","Update",["order"]]]],',
      '];',
      '',
    ].join('\n'),
  );
  expect(content).toMatch(/do not edit[\s\S]*Apache License[\s\S]*x\/TMF002 at c0ffee \(3\)/);
});

test('the check compares with the source, and without it with the digest in the header', () => {
  writeSource();
  generate(folder);
  expect(generate(folder, '--check').status).toBe(0);
  const nowhere = path.join(folder, 'nowhere');
  expect(generate(nowhere, '--check').status).toBe(0);

  writeFileSync(out, readFileSync(out, 'utf8').replace('OrderAskedEvent', 'OrderAsksEvent'));
  expect(generate(folder, '--check')).toEqual({
    status: 1,
    stderr: expect.stringContaining('is stale') as string,
  });
  expect(generate(nowhere, '--check')).toEqual({
    status: 1,
    stderr: expect.stringContaining('was edited by hand') as string,
  });
});

test('without the source it says so in one sentence and writes nothing', () => {
  const nowhere = path.join(folder, 'nowhere');
  const { status, stderr } = generate(nowhere);
  expect(status).toBe(1);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stderr).toContain(nowhere);
  expect(() => readFileSync(out)).toThrow();
});

test('the file in the tree is not edited by hand', () => {
  const { status, stderr } = spawnSync(process.execPath, [script, path.join(folder, 'nowhere'), '--check'], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});
