/**
 * Writes the API descriptions in `openapi/` from the catalogue and the code. With `--check` it writes nothing and
 * ends with 1 when a file is not what it would write.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { adminDocument } from '../src/admin/openapi.ts';
import { gatewayDocument } from '../src/hub/openapi/document.ts';
import { createCatalogue } from '../src/tmf/catalogue.ts';
import { catalogueRows } from '../src/tmf/catalogue.data.ts';

const documents = {
  'gateway.json': gatewayDocument(createCatalogue(catalogueRows), ''),
  'admin.json': adminDocument(),
};

const checking = process.argv.includes('--check');

for (const [name, document] of Object.entries(documents)) {
  const file = new URL(`../openapi/${name}`, import.meta.url);
  const text = `${JSON.stringify(document, null, 1)}\n`;
  if (!checking) {
    await writeFile(file, text);
    console.log(`openapi/${name}: ${Object.keys(document.paths).length} paths`);
  } else if ((await readFile(file, 'utf8').catch(() => '')) !== text) {
    console.error(`openapi/${name} is not up to date: run npm run generate`);
    process.exitCode = 1;
  }
}
