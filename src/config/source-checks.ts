/** Kinds of checks on the settings of one source. Where no source is of that broker, none of its settings matter. */
import type { CheckParams } from './checks.ts';
import { areAPair } from './pem.ts';
import type { SourceCheck, SourceView } from './source-view.ts';
import { isOwn } from './topic-names.ts';

type Test = (source: SourceView) => boolean;

/** A setting of a source of that broker. */
export function holds(
  broker: 'kafka' | 'rabbitmq',
  key: string,
  params: CheckParams | ((source: SourceView) => CheckParams),
  test: Test,
): SourceCheck {
  return (sources) =>
    sources
      .filter((source) => source.broker === broker && !test(source))
      .map((source) => source.mistake(key, typeof params === 'function' ? params(source) : params));
}

/** `test` is asked only when both settings have numbers. */
export function compared(
  broker: 'kafka' | 'rabbitmq',
  key: string,
  comparedWith: string,
  expected: string,
  test: (value: number, other: number) => boolean,
): SourceCheck {
  return holds(broker, key, { expected, comparedWith }, (source) => {
    const [value, other] = [source.value(key), source.value(comparedWith)];
    return typeof value !== 'number' || typeof other !== 'number' || test(value, other);
  });
}

/**
 * A setting that has no effect unless `useful`: whoever wrote it believes that it has. What several sources share
 * may be of use to one of them only.
 */
export function idle(broker: 'kafka' | 'rabbitmq', key: string, beside: string, useful: Test): SourceCheck {
  return (sources) => {
    const having = sources.filter((source) => source.broker === broker && source.value(key) !== undefined);
    const isShared = (source: SourceView) => source.own(key) === undefined;
    const shareIsUseful = having.some((source) => isShared(source) && useful(source));
    return having
      .filter((source) => !useful(source) && !(isShared(source) && shareIsUseful))
      .map((source) => source.mistake(key, { expected: `to stand beside ${beside}` }));
  };
}

/** Events in a topic that counts as the gateway's own would never be read. */
export function notOwn(broker: 'kafka' | 'rabbitmq', key: string, expected: string): SourceCheck {
  const params = ({ prefixKey }: SourceView) => ({ expected, comparedWith: prefixKey });
  return holds(broker, key, params, (source) => {
    const prefix = source.value('prefix');
    const found = [source.value(key)].flat();
    return (
      typeof prefix !== 'string' || !found.some((topic) => typeof topic === 'string' && isOwn(topic, prefix))
    );
  });
}

/** A certificate and its key, `{broker}.tls.cert` and `{broker}.tls.key`. */
export function certificateAndKey(broker: 'kafka' | 'rabbitmq'): SourceCheck[] {
  const [cert, key] = [`${broker}.tls.cert`, `${broker}.tls.key`];
  return [
    idle(broker, cert, key, isSet(key)),
    idle(broker, key, cert, isSet(cert)),
    holds(broker, key, { expected: `the key of ${cert}` }, (source) =>
      areAPair(source.value(cert), source.value(key)),
    ),
  ];
}

function isSet(key: string): Test {
  return (source) => source.value(key) !== undefined;
}
