import { compileQuery, type Query } from '../../../src/tmf/query/query.ts';

function compiled(text: string): Query {
  const result = compileQuery(text, { knownEventTypes: null });
  if (!result.ok) throw new Error(`refused: ${result.reason}`);
  return result.query;
}

describe('canonical form: equal for the same question', () => {
  test.each([
    ['priority>3', 'priority.gt=3', ' priority %3E 3'],
    ['a.gt=1&b.lt=2', 'b<2&a>1', 'b<2&a>1&b<2'],
    ['a.ne=1,2', 'a!=2&a!=1', 'a != 2 , 1 , 2'],
    ['a=1;b=2&c=3', 'c=3&b=2;a=1', 'c==3&b=2;b=2;a=1'],
    ['a=1;a=2;b=3', 'b=3;a=2,1', 'a in (2,1);b=3'],
    ['eventType!=XCreateEvent', 'eventType.ne=xCreationNotification', 'eventType!=io.y.XCreateEvent'],
    ['a*=x', 'a=~x', 'a.regex=x'],
    ['a=1&fields=b,c', 'fields=c&a=1&fields=b,c', 'fields=c,b,none&a = 1'],
    ['fields=none', 'fields=none&fields=none', ' fields = none '],
  ])('%s', (...texts) => {
    expect(new Set(texts.map((text) => compiled(text).canonical)).size).toBe(1);
  });

  test('and different for different ones', () => {
    const texts = [
      ['', 'a=1', 'a!=1', 'a>1', 'a>=1', 'a<1', 'a<=1', 'a=~1', 'a=%3E,1', 'b=1', '$[?(@.a)]', '$[?(!@.a)]'],
      ['a=1&b=2', 'a=1;b=2', 'a=1;b=2&c=3', 'a=1&b=2;c=3', 'a=1&b=2&c=3', 'a=1;b=2;c=3', 'a>1&a>2', 'a>1,2'],
      ['fields=none', 'fields=a', 'fields=a,b', 'a=1&fields=none', 'a=1&fields=a', 'a=fields'],
    ].flat();
    expect(new Set(texts.map((text) => compiled(text).canonical)).size).toBe(texts.length);
  });
});
