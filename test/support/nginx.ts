// The real nginx in front of oauth2-proxy, with the exact block that docs/deploy.md tells people to paste, but without TLS.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startChild, waitUntilUp } from '../../demo/child.ts';
import { mustHave } from './requirement.ts';

export interface Nginx {
  readonly port: number;
  close(): Promise<void>;
}

/** @param gatePort where oauth2-proxy listens on loopback */
export async function startNginx(gatePort: number): Promise<Nginx> {
  const command = await mustHave('nginx');
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-nginx-'));
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const config = join(folder, 'nginx.conf');
  writeFileSync(
    config,
    `daemon off; master_process off; pid ${folder}/pid; error_log stderr;
events {}
http {
${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n')}
${documented(port, gatePort, folder)}
}
`,
  );
  const child = await startChild({ name: 'nginx', command, args: ['-p', folder, '-c', config] });
  await waitUntilUp(child, `http://127.0.0.1:${port}/ping`);
  return {
    port,
    async close() {
      await child.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function documented(port: number, gatePort: number, folder: string): string {
  const page = readFileSync(join(import.meta.dirname, '../../docs/deploy.md'), 'utf8');
  const block = /```nginx\n(# Without the query[\s\S]*?)```/.exec(page)?.[1];
  if (block === undefined) throw new Error('docs/deploy.md has no block for nginx');
  const [first = ''] = block.split(/^server \{\n {2}listen 80;/m);
  return first
    .replace(/^ {2}(listen \[::\]:443 ssl|ssl_certificate\S* .*);\n/gm, '')
    .replace('listen 443 ssl;', `listen 127.0.0.1:${port};`)
    .replace('/var/log/nginx/gatehouse.log', `${folder}/access.log`)
    .replace('http://127.0.0.1:4180', `http://127.0.0.1:${gatePort}`);
}
