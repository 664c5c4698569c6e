// Generates the documents that are made from tables in the code: settings, metrics, checks, routes, presets. `--check`: writes nothing, lists
// outdated documents, exits with 1.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { recordDocument } from '../src/audit/documents.ts';
import { documents } from '../src/config/documents.ts';
import { checksPage } from '../src/doctor/documents.ts';
import { guardDocument } from '../src/guard/documents.ts';
import { metricsDocument } from '../src/ops/metrics-document.ts';
import { redisDocument } from '../src/store/redis-rights-document.ts';
import { allRoutes, routesDocument } from '../src/wiring/all-routes.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string) =>
  existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined;

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const readme = read('README.md');
const made = new Map([
  ...documents(readme),
  ['docs/metrics.md', metricsDocument()],
  ['docs/checks.md', checksPage()],
  ['docs/redis.md', redisDocument()],
  ['docs/routes.md', routesDocument(allRoutes)],
  ...recordDocument(read('docs/record.md')),
  ...guardDocument(read('docs/guard.md')),
]);
const stale = [...made].filter(([path, text]) => read(path) !== text);
const unmarked = readme !== undefined && !made.has('README.md');

if (unmarked) console.error('README.md has no <!-- settings:start --> … <!-- settings:end -->');
for (const [path, text] of stale) {
  if (values.check) {
    console.error(`${path} is stale: run \`npm run docs\``);
    continue;
  }
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  console.log(`wrote ${path}`);
}
if (unmarked || (values.check && stale.length > 0)) process.exitCode = 1;
