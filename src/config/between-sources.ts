/** What must hold between the entries of `sources`. */
import type { CheckParams } from './checks.ts';
import type { SourceCheck, SourceView } from './source-view.ts';

/** A mistake of the later of two entries, told once for each. */
function inPairs(
  key: string,
  clashes: (later: SourceView, earlier: SourceView) => boolean,
  params: (earlier: SourceView) => CheckParams,
): SourceCheck {
  return (sources) =>
    sources.flatMap((later, index) => {
      const earlier = sources.slice(0, index).find((one) => clashes(later, one));
      return earlier === undefined ? [] : [later.mistake(key, params(earlier))];
    });
}

const ofOneKind = (one: SourceView, other: SourceView) => one.broker === other.broker;
const isEmbedded = ({ broker }: SourceView) => broker === 'embedded';

/** With `a` and `a.b`, what belongs to `a.b` would look like something of `a` too. */
function prefixesMeet(one: SourceView, other: SourceView): boolean {
  const [a, b] = [`${String(one.value('prefix'))}.`, `${String(other.value('prefix'))}.`];
  return a.startsWith(b) || b.startsWith(a);
}

/** Settings for a broker that the source is not: whoever wrote them meant another one. */
function onlyFor(broker: 'kafka' | 'rabbitmq', others: readonly string[]): SourceCheck {
  const params = { expected: `to stand in a source whose broker is ${broker}` };
  return (sources) =>
    sources
      .filter((source) => source.own(broker) !== undefined && others.includes(String(source.broker)))
      .map((source) => source.mistake(broker, params));
}

export const betweenSources: readonly SourceCheck[] = [
  inPairs(
    'name',
    (later, earlier) => typeof later.own('name') === 'string' && later.own('name') === earlier.own('name'),
    ({ label }) => ({ expected: 'another name than', comparedWith: `${label}.name` }),
  ),
  inPairs(
    'broker',
    (later, earlier) => isEmbedded(later) && isEmbedded(earlier),
    ({ label }) => ({ expected: `kafka or rabbitmq, as ${label} is embedded already` }),
  ),
  inPairs(
    'prefix',
    (later, earlier) => ofOneKind(later, earlier) && !isEmbedded(later) && prefixesMeet(later, earlier),
    ({ label, prefixKey }) => ({
      expected: `a prefix that keeps its consumer groups, queues and topics apart from those of ${label}, which begin with`,
      comparedWith: prefixKey,
    }),
  ),
  onlyFor('kafka', ['rabbitmq', 'embedded']),
  onlyFor('rabbitmq', ['kafka', 'embedded']),
];
