import { createCatalogue } from '../../src/tmf/catalogue.ts';
import { catalogueRows } from '../../src/tmf/catalogue.data.ts';
import { sampleEvent } from '../../src/tmf/sample.ts';
import { plain } from './routing.ts';
import { nameOf, triples } from './triples.ts';
import { Validators } from './validators.ts';

/** The samples that `publish --type` sends are of the newest version that has the type, and fit its schema. */
test('every sample event fits the schema of its specification, where there is one', () => {
  const catalogue = createCatalogue(catalogueRows);
  const validators = new Validators();
  // Versions of an API stand from the oldest to the newest: the last one stays.
  const newest = new Map(triples.map((triple) => [`${triple.api} ${plain(triple.type)}`, triple]));
  const described = [...newest.values()].filter(({ hasSchema }) => hasSchema);
  let ids = 0;
  const misfits = described.flatMap((triple) => {
    const id = () => `00000000-0000-4000-8000-${String((ids += 1)).padStart(12, '0')}`;
    const now = new Date('2026-02-03T04:05:06.000Z');
    const event = sampleEvent(catalogue, triple.type, { api: triple.api, id, now });
    const fault = validators.faultOf(triple, event);
    return fault === undefined ? [] : [`${nameOf(triple)}: ${fault}`];
  });
  expect(misfits).toEqual([]);
  expect(described).toHaveLength(752);
});
