import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdtempSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { Converter } from '../../scripts/schemas/convert.ts';

const repository = path.join(import.meta.dirname, '../..');
const script = path.join(repository, 'scripts/generate-schemas.ts');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'schemas-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function run(...options: string[]) {
  const { status, stderr } = spawnSync(process.execPath, [script, ...options], { encoding: 'utf8' });
  return { status, stderr };
}

const v5 = (name: string) => `#/components/schemas/${name}`;
const converted = (definitions: Record<string, object>, ...roots: string[]) =>
  new Converter(definitions as never).convert(
    Object.fromEntries(roots.map((root) => [`${root}CreateEvent`, root])),
  ).definitions;

describe('of a specification', () => {
  test('prose and what does not refuse anything are left out, members of any name stay', () => {
    expect(
      converted(
        {
          A: {
            ...{ type: 'object', description: 'd', title: 't', example: {}, 'x-own': 1, required: ['title'] },
            properties: {
              title: { type: 'string', description: 'd', default: 'x', format: 'uri', minLength: 1 },
              description: { type: 'string', format: 'date-time', nullable: true, example: 'e' },
              n: { type: 'integer', format: 'int32', minimum: 1, enum: [1, 2, 2] },
              s: { enum: ['a ', 'b'] },
              explained: { type: 'string', enum: [{ 0: 'why' }] },
              map: { additionalProperties: { $ref: v5('B'), description: 'd' } },
            },
          },
          B: { type: 'string', pattern: '^a' },
          NotNeeded: { type: 'object' },
        },
        'A',
      ),
    ).toEqual({
      A: {
        type: 'object',
        required: ['title'],
        properties: {
          title: { type: 'string', minLength: 1 },
          description: { type: ['string', 'null'], format: 'date-time' },
          n: { type: 'integer', minimum: 1, enum: [1, 2] },
          s: { enum: ['a', 'a ', 'b'] },
          explained: { type: 'string' },
          map: { additionalProperties: { $ref: '#/definitions/B' } },
        },
      },
      B: { type: 'string', pattern: '^a' },
    });
  });

  test('a choice with a discriminator goes by @type, one without by fitting any', () => {
    const when = (type: string, name = type) => ({
      if: { properties: { '@type': { const: type } }, required: ['@type'] },
      then: { $ref: `#/definitions/${name}` },
    });
    const oneOf = [{ $ref: v5('B') }, { $ref: v5('C') }];
    const rest = { B: { type: 'object' }, C: { type: 'object' } };
    const discriminator = { propertyName: '@type', mapping: { Bee: v5('B'), C: v5('C') } };
    expect(converted({ A: { oneOf, discriminator }, ...rest }, 'A')['A']).toEqual({
      ...{ type: 'object', required: ['@type'] },
      allOf: [when('Bee', 'B'), when('C')],
    });
    expect(converted({ A: { oneOf, discriminator: {} }, ...rest }, 'A')['A']).toMatchObject({
      allOf: [when('B'), when('C')],
    });
    expect(converted({ A: { oneOf }, ...rest }, 'A')['A']).toEqual({
      anyOf: [{ $ref: '#/definitions/B' }, { $ref: '#/definitions/C' }],
    });
  });

  test('a subtype is looked for where a member may have one, and not where it names what it extends', () => {
    const base = {
      type: 'object',
      discriminator: { propertyName: '@type', mapping: { Base: v5('Base'), Sub: v5('Sub') } },
    };
    const definitions = converted(
      {
        Root: { properties: { one: { $ref: v5('Base') } } },
        Base: base,
        Sub: { allOf: [{ $ref: v5('Base') }, { required: ['x'] }] },
      },
      'Root',
    );
    expect(Object.keys(definitions)).toEqual(['Base', 'Base.open', 'Root', 'Sub']);
    expect(definitions['Root']).toEqual({ properties: { one: { $ref: '#/definitions/Base.open' } } });
    expect(definitions['Sub']).toEqual({ allOf: [{ $ref: '#/definitions/Base' }, { required: ['x'] }] });
    expect(definitions['Base.open']).toMatchObject({
      if: { properties: { '@type': { enum: ['Sub'] } } },
      else: { $ref: '#/definitions/Base' },
    });
  });

  test('an event that is no creation may tell of a part of its resource, and of that alone', () => {
    const resource = {
      required: ['id', '@type', 'item'],
      properties: { item: { items: { $ref: v5('Item') } } },
    };
    const { events, definitions } = new Converter({
      Body: {
        allOf: [{ $ref: v5('Envelope') }, { properties: { event: { $ref: v5('Content') } } }],
        required: ['event'],
      },
      Envelope: { properties: { source: { $ref: v5('Order') } } },
      Content: { required: ['order'], properties: { order: { $ref: v5('Order') } } },
      Order: { allOf: [{ $ref: v5('Entity') }, resource] },
      Entity: { required: ['href'] },
      Item: { required: ['id'] },
    }).convert({ OrderCreateEvent: 'Body', OrderDeleteEvent: 'Body' });
    expect(events).toEqual({ OrderCreateEvent: 'Body', OrderDeleteEvent: 'Body.body' });
    expect(definitions['Body.body']).toEqual({
      allOf: [
        { $ref: '#/definitions/Envelope.body' },
        { properties: { event: { $ref: '#/definitions/Content.content' } } },
      ],
      required: ['event'],
    });
    expect(definitions['Envelope.body']).toEqual({ properties: { source: { $ref: '#/definitions/Order' } } });
    expect(definitions['Content.content']).toEqual({
      properties: { order: { $ref: '#/definitions/Order.changed' } },
    });
    expect(definitions['Order.changed']).toEqual({
      allOf: [
        { $ref: '#/definitions/Entity.changed' },
        { required: ['@type'], properties: { item: { items: { $ref: '#/definitions/Item' } } } },
      ],
    });
    expect(definitions['Entity.changed']).toEqual({});
    expect(definitions['Order']).toMatchObject({ allOf: [{}, { required: ['id', '@type', 'item'] }] });
  });

  test('definitions may refer to each other in a circle; one that is missing is told', () => {
    const converter = new Converter({
      A: { properties: { b: { $ref: '#/definitions/B' } } },
      B: { items: { $ref: '#/definitions/A' }, properties: { gone: { $ref: '#/definitions/Gone' } } },
    });
    expect(Object.keys(converter.convert({ ACreateEvent: 'A' }).definitions)).toEqual(['A', 'B']);
    expect([...converter.dangling]).toEqual(['Gone']);
  });
});

describe('the generator', () => {
  const stored = (name: string) => path.join(folder, 'out', name);
  const specification = (description: string) => ({
    swagger: '2.0',
    definitions: { AEvent: { type: 'object', description, properties: { event: { type: 'object' } } } },
  });

  /** A folder with one specification, and what is written of it. */
  function written(spec: object = specification('prose'), bodySchema = 'AEvent'): string[] {
    mkdirSync(path.join(folder, 'specs'), { recursive: true });
    const record = {
      apiId: 'TMF999',
      version: '4.0.0',
      specFile: 'specs/a.json',
      source: { kind: 'a copy' },
    };
    const events = [
      { eventType: 'ACreateEvent', bodySchema },
      { eventType: 'NoSchemaEvent' },
      { bodySchema: 'AEvent' },
    ];
    writeFileSync(path.join(folder, 'catalogue.json'), JSON.stringify({ records: [{ ...record, events }] }));
    writeFileSync(path.join(folder, 'specs/a.json'), `\uFEFF${JSON.stringify(spec)}`);
    return [folder, '--out', stored('')];
  }

  test('writes what the specification says, twice the same', () => {
    const options = written();
    expect(run(...options)).toEqual({ status: 0, stderr: '' });
    const file = stored('TMF999-4.0.0.json.gz');
    const first = readFileSync(file);
    expect(JSON.parse(gunzipSync(first).toString())).toEqual({
      ...{ apiId: 'TMF999', version: '4.0.0', events: { ACreateEvent: 'AEvent' } },
      definitions: { AEvent: { type: 'object', properties: { event: { type: 'object' } } } },
    });
    rmSync(file);
    writeFileSync(stored('left-over.txt'), '');
    expect(run(...options).status).toBe(0);
    expect(readFileSync(file).equals(first)).toBe(true);
    expect(readdirSync(stored('')).sort()).toEqual(['README.md', 'TMF999-4.0.0.json.gz', 'index.json']);
    expect(readFileSync(stored('README.md'), 'utf8')).toContain('- a copy: TMF999-4.0.0');
    expect(run(...options, '--check')).toEqual({ status: 0, stderr: '' });
  });

  test('leaves a file alone that another zlib packed', () => {
    const options = written();
    run(...options);
    const file = stored('TMF999-4.0.0.json.gz');
    writeFileSync(file, gzipSync(gunzipSync(readFileSync(file)), { level: 1 }));
    const { mtimeMs } = statSync(file);
    expect(run(...options, '--check').status).toBe(0);
    expect(run(...options).status).toBe(0);
    expect(statSync(file).mtimeMs).toBe(mtimeMs);
  });

  test('refuses a specification whose definitions are not all there', () => {
    const { status, stderr } = run(...written(specification('x'), 'BEvent'));
    expect([status, stderr]).toEqual([1, 'Definitions are missing: TMF999-4.0.0: BEvent.\n']);
  });

  test('--check says when the specification changed', () => {
    run(...written());
    const changed = specification('x');
    Object.assign(changed.definitions.AEvent, { required: ['event'] });
    const { status, stderr } = run(...written(changed), '--check');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^schemas\/ is stale \(TMF999-4\.0\.0\.json\.gz, index\.json\): run /);
  });

  describe('without the specifications', () => {
    const check = () => run('/nowhere', '--out', stored(''), '--check');

    beforeEach(() => cpSync(path.join(repository, 'schemas'), stored(''), { recursive: true }));

    test('--check is content with what the repository has', () => {
      expect(check()).toEqual({ status: 0, stderr: '' });
      expect(run('/nowhere', '--out', stored('')).status).toBe(1);
    });

    test.each([
      ['an edited file', 'TMF622-4.0.0.json.gz', () => gzipSync('{}')],
      ['an edited README', 'README.md', () => 'mine'],
      ['one file too many', 'TMF000-1.0.0.json.gz', () => gzipSync('{}')],
      ['no index', 'index.json', () => '{}'],
    ])('--check finds %s', (_, name, content) => {
      writeFileSync(stored(name), content());
      const { status, stderr } = check();
      expect(status).toBe(1);
      expect(stderr).toContain(name);
    });

    test('--check finds a file that is gone', () => {
      rmSync(stored('TMF622-4.0.0.json.gz'));
      expect(check().stderr).toContain('TMF622-4.0.0.json.gz');
    });
  });
});
