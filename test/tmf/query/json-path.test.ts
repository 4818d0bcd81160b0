import { compileQuery, type Query } from '../../../src/tmf/query/query.ts';

const known = new Map([
  ['productordercreate', 'ProductOrderCreateEvent'],
  ['productorderstatechange', 'ProductOrderStateChangeEvent'],
]);
const read = (text: string) => compileQuery(text, { knownEventTypes: known });

function compiled(text: string): Query {
  const result = read(text);
  if (!result.ok) throw new Error(`refused: ${result.reason}`);
  return result.query;
}

const order = {
  eventId: 'e1',
  eventType: 'productOrderStateChangeNotification',
  domain: 'Paris',
  event: {
    productOrder: {
      id: '4711',
      '@type': 'ProductOrder',
      state: 'completed',
      priority: 4,
      expedited: true,
      nothing: null,
      'a.b': 'dotted',
      note: 'it\'s /a/ "b"\n',
      relatedParty: [
        { id: '1', role: 'customer' },
        { id: '2', role: ['seller', 'payer'] },
      ],
    },
  },
};

describe('JSONPath filters', () => {
  test.each([
    ["$[?(@.eventType=='ProductOrderStateChangeEvent' && @.event.productOrder.state=='completed')]", true],
    ["$[?(@.eventType=='ProductOrderCreateEvent' && @.event.productOrder.state=='completed')]", false],
    ["$[?(@.eventType=='ProductOrderCreateEvent' || @.state=='completed')]", true],
    ["$[?@.state=='completed']", true],
    [` $ [ ? ( @.state  ==  "completed" ) ] `, true],
    ["$[?(@.state!='completed')]", false],
    ["$[?(@.absent!='completed')]", true],
    ['$[?(@.priority==4)]', true],
    ['$[?(@.priority==4.0)]', true],
    ['$[?(@.priority==40e-1)]', true],
    ['$[?(@.priority>3 && @.priority<5)]', true],
    ['$[?(@.priority>=4 && @.priority<=4)]', true],
    ['$[?(@.priority>4)]', false],
    ['$[?(3<@.priority)]', true],
    ['$[?(4<=@.priority)]', true],
    ['$[?(5<@.priority)]', false],
    ["$[?('completed'==@.state)]", true],
    ["$[?('completed'!=@.state)]", false],
    ['$[?(@.priority>-1)]', true],
    ['$[?(@.expedited==true)]', true],
    ['$[?(@.expedited==false)]', false],
    ['$[?(@.state)]', true],
    ['$[?(@.nothing)]', false],
    ['$[?(!@.absent)]', true],
    ['$[?(!@.state)]', false],
    ['$[?(!!@.state)]', true],
    ['$[?(@.nothing==null)]', true],
    ['$[?(@.absent==null)]', true],
    ['$[?(@.state!=null)]', true],
    ['$[?(null!=@.absent)]', false],
    ["$[?(@.state=='a' || @.state=='completed' && @.domain=='Rome')]", false],
    ["$[?((@.state=='a' || @.state=='completed') && @.domain=='Paris')]", true],
    ["$[?(!(@.state=='completed' && @.domain=='Rome'))]", true],
    ["$[?(!(@.state=='completed' || @.domain=='Rome'))]", false],
    ['$[?(!(@.priority>3))]', false],
    // Unlike in TMF630 filters, "and" is "and" for one attribute too.
    ["$[?(@.state=='completed' && @.state=='held')]", false],
    ["$[?(@.relatedParty.role=='customer' && @.relatedParty.role=='payer')]", true],
    ["$[?(@.relatedParty[*].id=='2')]", true],
    ["$[?(@.relatedParty[*].role[*]=='payer')]", true],
    ["$[?(@.event['productOrder'][\"state\"]=='completed')]", true],
    ["$[?(@.@type=='ProductOrder')]", true],
    ["$[?(@['@type']=='ProductOrder')]", true],
    ["$[?(@['a.b']=='dotted')]", true],
    ["$[?(@.a.b=='dotted')]", false],
    ["$[?(@.state in ['held','completed'])]", true],
    ["$[?(@.state in ['held'])]", false],
    ["$[?(@.state nin [ 'held' , 'completed' ])]", false],
    ['$[?(@.priority in [3,4])]', true],
    ['$[?(@.state =~ /^comp.*d$/)]', true],
    ['$[?(@.state =~ /^COMP/)]', false],
    ['$[?(@.state =~ /^COMP/i)]', true],
    ["$[?(@.state =~ 'let')]", true],
    ['$[?(@.note =~ /\\/a\\/ /)]', true],
    ["$[?(@.note=='it\\'s /a/ \\u0022b\\u0022\\n')]", true],
    ["$[?(@.domain=='100%')]", false],
  ])('%s: %s', (text, expected) => {
    const query = compiled(text);
    expect(query.explain(order) === undefined).toBe(expected);
    const indexed = query.eventTypes?.has('productorderstatechange') ?? true;
    expect(indexed && (query.matches?.(order) ?? true)).toBe(expected);
  });

  test('encoded as a whole it is the same', () => {
    const text = "$[?(@.state=='completed' && @.domain != 'Zürich 💥')]";
    expect(compiled(encodeURIComponent(text)).canonical).toBe(compiled(text).canonical);
    expect(compiled(encodeURI(text)).canonical).toBe(compiled(text).canonical);
  });

  test('the same conditions as a filter of TMF630', () => {
    const same = [
      ["$[?(@.eventType=='ProductOrderCreateEvent' && @.state=='a')]", 'state=a&ProductOrderCreateEvent'],
      ["$[?(@.state=='a' || @.state=='b')]", 'state=b,a'],
      ["$[?(@.state=='a' || @.domain=='b')]", 'domain=b;state=a'],
      ["$[?(!(@.state=='a'))]", 'state!=a'],
      ["$[?(@.state nin ['a','b'])]", 'state.ne=a&state.ne=b'],
      ['$[?(@.priority>3)]', 'priority.gt=3'],
      ['$[?(@.state =~ /^a/)]', 'state*=^a'],
    ] as const;
    for (const [path, filter] of same) expect(compiled(path).canonical).toBe(compiled(filter).canonical);
    expect(compiled("$[?(@['a.b']==1)]").canonical).not.toBe(compiled('a.b=1').canonical);
  });
});

describe('JSONPath that is refused', () => {
  test.each([
    ['$x', 1, /'\$' is followed by a filter/],
    ['$.', 2, /a name is missing/],
    ['$..', 3, /a name is missing/],
    ['$.[0]', 2, /a name is missing/],
    ['$.event[', 7, /'\[' is never closed/],
    ['$.event)', 7, /'\)' closes nothing/],
    ['$.event[(]', 9, /'\]' closes nothing/],
    ["$.a['it]", 4, /quote is never closed/],
    ['$[?(@.a =~ /x\\(/ && @.b[0]', 3, /'\(' is never closed/],
    ['$[?(@.a==1)]x', 12, /nothing can follow/],
    ['$[?(@.a==1)', 11, /'\]' is missing here$/],
    ['$[?(@.a==1]', 10, /'\)' is missing here, before '\]'/],
    ['$[?(@.a=1)]', 7, /'=' is no operator of JSONPath: write ==/],
    ['$[?(@.a===1)]', 7, /'===' is no operator/],
    ['$[?(@.a!==1)]', 7, /write !=/],
    ["$[?(@.a=='x)]", 9, /quote is never closed/],
    ["$[?(@.a=='\\q')]", 10, /starts no escape/],
    ["$[?(@.a=='\\u00g0')]", 10, /starts no escape/],
    ['$[?(@.a==x)]', 9, /a value is missing/],
    ['$[?(@.a== -)]', 10, /a value is missing/],
    ['$[?()]', 4, /a value is missing/],
    ['$[?(@.a && )]', 11, /a value is missing/],
    ['$[?(1)]', 5, /an operator is missing/],
    ["$[?('x' =~ @.a)]", 8, /an operator is missing/],
    ['$[?(@.a & @.b)]', 8, /'\)' is missing here, before '&'/],
    ['$[?(@.a like 1)]', 8, /'like' is no operator/],
    ['$[?(@.a.)]', 8, /a name is missing/],
    ['$[?(@[a]==1)]', 6, /a name in quotes is missing/],
    ["$[?(@['a'==1)]", 9, /'\]' is missing/],
    ['$[?(@.a =~ /x)]', 11, /never closed by \//],
    ['$[?(@.a =~ /x/g)]', 14, /'g' are not flags/],
    ['$[?(@.a =~ x)]', 11, /a pattern is missing/],
    ['$[?(@.a =~ /x(/)]', 12, /'x\(' is not understood/],
    ['$[?(@.a in 1)]', 11, /'\[' is missing here, before '1'/],
    ['$[?(@.a in [1,])]', 14, /a value is missing/],
    [`$[?(${'('.repeat(40)}@.a${')'.repeat(40)})]`, 35, /nest deeper than 32/],
    ["$[?(@.eventType=='Nope')]", 17, /'Nope' is not known here; known are ProductOrderCreateEvent, /],
    ["$[?(@.eventType>'A')]", 15, /event types have no order/],
    ['$[?(@.eventtype==1)]', 4, /must be written eventType/],
    [`$[?(@${'.a'.repeat(33)}==1)]`, 4, /more than 32 names/],
    ['%24%5B%3F(%40.a%3D%3Dx)%5D', 21, /a value is missing/],
    ['%24%5B%3F(%40.a%3D%3D%27%C3%BC%F0%9F%92%A5%E2%82%AC%27%20x', 57, /'\)' is missing here, before 'x'/],
    ['%24%5B%3F(%zz', 10, /starts no percent-encoded/],
  ])('400: %s', (text, position, reason) => {
    const refused = read(text);
    expect(!refused.ok && refused.reason).toMatch(reason);
    expect(refused).toMatchObject({ ok: false, status: 400, position });
  });

  test.each([
    ['$', 1],
    ['$.event', 1],
    ['$..state', 1],
    ['$..[0]', 1],
    ['$[0]', 1],
    ['$[*]', 1],
    ["$['event']", 1],
    ['$[?(@.a==1)].b', 12],
    ['$[?(@.a==1)][0]', 12],
    ["$[?(@.a contains 'x')]", 8],
    ['$[?(@.a ~= 1)]', 8],
    ['$[?(@.length() > 1)]', 12],
    ['$[?(length(@.a) > 1)]', 4],
    ['$[?(@.a==@.b)]', 9],
    ['$[?(@.a==$.b)]', 9],
    ['$[?(1==2)]', 7],
    ['$[?(@==1)]', 4],
    ['$[?(@..a==1)]', 6],
    ['$[?(@.*==1)]', 6],
    ['$[?(@[*]==1)]', 6],
    ['$[?(@.a[0]==1)]', 8],
    ['$[?(@.a[?(@.b==1)])]', 8],
    ["$[?(@['a','b']==1)]", 9],
    ['$[?(@.a in [1,null])]', 8],
    ['$[?(@.a < null)]', 8],
  ])('501: %s', (text, position) => {
    const refused = read(text);
    expect(refused).toMatchObject({ ok: false, status: 501, position });
    expect(!refused.ok && refused.reason).toMatch(/^JSONPath with .* is not supported, a filter/);
  });
});
