/** Where hubs live, for templates of the chart: they cannot read the catalogue. */
import { createCatalogue } from '../../src/tmf/catalogue.ts';
import { catalogueRows } from '../../src/tmf/catalogue.data.ts';
import { compareVersions } from '../../src/tmf/versions.ts';

/** JSON: base path by API and major version, such as TMF622 and 4. Where a major version has two, that of the newer. */
export function chartHubPaths(): string {
  const hubs = createCatalogue(catalogueRows).hubs.map((hub) => ({
    ...hub,
    newest: hub.versions.at(-1) ?? '',
  }));
  const paths: Record<string, Record<string, string>> = {};
  for (const { api, major, basePath } of hubs.sort((a, b) => compareVersions(a.newest, b.newest))) {
    paths[api] = { ...paths[api], [major]: basePath };
  }
  const sorted = Object.entries(paths).sort(([a], [b]) => a.localeCompare(b));
  return `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`;
}
