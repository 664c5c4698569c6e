// The rules of the front that Traefik can keep, held by the real one with the files that `gatehouse guard config traefik` writes.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startChild } from '../demo/child.ts';
import { traefikFiles } from '../src/guard/front/traefik.ts';
import type { FrontKind } from './support/guard-front.ts';
import { frontRules } from './support/guard-front-rules.ts';
import { appHost } from './support/guarded-wiki.ts';
import { mustHave, need } from './support/requirement.ts';

const traefik: FrontKind = {
  name: 'traefik',
  guard: 'tcp',
  files: traefikFiles,
  async start({ folder, files, port, appPort }) {
    const dynamic = join(folder, 'dynamic');
    mkdirSync(dynamic);
    for (const { name, text } of files) writeFileSync(join(dynamic, name), text);
    writeFileSync(
      join(dynamic, 'operator.yaml'),
      `http:
  routers:
    wiki:
      rule: "Host(\`${appHost}\`)"
      middlewares: [gatehouse-wiki@file]
      service: wiki
  services:
    wiki:
      loadBalancer:
        servers: [{ url: "http://127.0.0.1:${appPort}" }]
`,
    );
    const command = await mustHave('traefik');
    const args = [
      `--entrypoints.web.address=127.0.0.1:${port}`,
      `--providers.file.directory=${dynamic}`,
      '--log.level=WARN',
    ];
    return startChild({ name: 'traefik', command, args, cwd: folder });
  },
};

frontRules(traefik, await need('traefik'));
