// The real nginx and the real Caddy in front of apps and desk, over https, with the files that `gatehouse guard config --write` wrote. What
// is here is what only an operator knows: listening, certificates, where an app is.
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type Child, startChild, waitFor } from '../../demo/child.ts';
import { mustHave } from './requirement.ts';

export interface FrontSite {
  readonly app: string;
  readonly host: string;
  /** Where the app listens. */
  readonly appPort: number;
}

export interface FrontSetup {
  /** Private, removed by the caller. */
  readonly folder: string;
  /** The files that Gatehouse wrote. */
  readonly written: string;
  readonly port: number;
  readonly tls: { readonly cert: string; readonly key: string };
  readonly sites: readonly FrontSite[];
  /** The desk's host, if it is behind this front, and where oauth2-proxy listens. */
  readonly desk?: { readonly host: string; readonly gatePort: number };
}

/** @param balance a port from which requests go on to the replicas of the desk, because oauth2-proxy knows one upstream only */
export async function startNginxFront(
  { folder, written, port, tls, sites, desk }: FrontSetup,
  balance?: { readonly port: number; readonly desks: readonly number[] },
): Promise<Child> {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const server = (host: string, content: string) => `server {
  listen 127.0.0.1:${port} ssl http2;
  server_name ${host};
${content}
}`;
  const ofApp = ({ app, host, appPort }: FrontSite) => `upstream gatehouse_app_${app} {
  server 127.0.0.1:${appPort};
  keepalive 16;
}
${server(host, `  include ${written}/${app}.conf;`)}`;
  const ofDesk = ({ host, gatePort }: NonNullable<FrontSetup['desk']>) =>
    server(
      host,
      `  location / {
    proxy_pass http://127.0.0.1:${gatePort};
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Host $http_host;
    proxy_set_header X-Forwarded-Proto https;
  }`,
    );
  const ofReplicas = ({ port: at, desks }: NonNullable<typeof balance>) => `upstream desks {
${desks.map((one) => `  server 127.0.0.1:${one} max_fails=0;`).join('\n')}
}
server {
  listen 127.0.0.1:${at};
  location / {
    proxy_pass http://desks;
    proxy_set_header Host $http_host;
    proxy_next_upstream error timeout;
    proxy_connect_timeout 1s;
  }
}`;
  const config = join(folder, 'nginx.conf');
  writeFileSync(
    config,
    `daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr;
events {}
http {
access_log off;
ssl_certificate ${tls.cert};
ssl_certificate_key ${tls.key};
large_client_header_buffers 8 32k;
proxy_buffer_size 64k;
proxy_buffers 8 64k;
proxy_busy_buffers_size 128k;
${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n')}
include ${written}/gatehouse-common.conf;
${sites.map(ofApp).join('\n')}
${desk ? ofDesk(desk) : ''}
${balance ? ofReplicas(balance) : ''}
}
`,
  );
  const args = ['-p', folder, '-c', config];
  const child = await startChild({ name: 'nginx', command: await mustHave('nginx'), args });
  return listening(child, port);
}

export async function startCaddyFront({
  folder,
  written,
  port,
  tls,
  sites,
  desk,
}: FrontSetup): Promise<Child> {
  const site = (host: string, content: string) => `https://${host}:${port} {
	bind 127.0.0.1
	tls ${tls.cert} ${tls.key}
	${content}
}`;
  const config = join(folder, 'Caddyfile');
  writeFileSync(
    config,
    `{
	admin off
	auto_https off
	persist_config off
	skip_install_trust
	servers {
		protocols h1 h2
	}
}
import ${written}/*.caddy
${sites.map(({ app, host, appPort }) => site(host, `import gatehouse_${app} 127.0.0.1:${appPort}`)).join('\n')}
${desk ? site(desk.host, `reverse_proxy 127.0.0.1:${desk.gatePort}`) : ''}
`,
  );
  const child = await startChild({
    name: 'caddy',
    command: await mustHave('caddy'),
    args: ['run', '--config', config, '--adapter', 'caddyfile'],
    env: { XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
  });
  return listening(child, port);
}

async function listening(child: Child, port: number): Promise<Child> {
  try {
    const isUp = waitFor(`${child.name} to listen`, () => !child.running() || isListening(port));
    await isUp;
    if (!child.running()) throw new Error('it ended');
  } catch (error) {
    await child.kill();
    throw new Error(`${child.name} did not start:\n${child.lines.slice(-20).join('\n')}`, { cause: error });
  }
  return child;
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const end = (isUp: boolean) => {
      socket.destroy();
      resolve(isUp);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false));
  });
}
