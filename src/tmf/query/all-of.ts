import { every } from './evaluate.ts';
import { commonTypes, type Equality } from './indexing.ts';
import type { Query } from './query.ts';

/**
 * One query that matches where all of them do, as those of a topic and its hub. Of what is sent the last one that says
 * decides.
 */
export function allOf(queries: readonly Query[]): Query {
  return {
    text: joined(queries.map(({ text }) => text.trim())),
    canonical: joined(queries.map(({ canonical }) => canonical)),
    eventTypes: commonTypes(queries.map(({ eventTypes }) => eventTypes)),
    matches: every(queries.map(({ matches }) => matches)),
    equality: equalityOf(queries),
    projection: queries.findLast(({ projection }) => projection !== undefined)?.projection,
    explain(document) {
      for (const query of queries) {
        const reason = query.explain(document);
        if (reason !== undefined) return reason;
      }
      return undefined;
    },
  };
}

function equalityOf(queries: readonly Query[]): Equality | undefined {
  const indexed = queries.find(({ equality }) => equality !== undefined);
  if (!indexed?.equality) return undefined;
  const others = queries.filter((query) => query !== indexed).map(({ matches }) => matches);
  return { ...indexed.equality, rest: every([indexed.equality.rest, ...others]) };
}

function joined(texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join(' && ');
}
