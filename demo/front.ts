// Finds a reverse proxy on this machine that can stand in front of the sample apps, and starts it with what `gatehouse guard config` writes.
import { execFile } from 'node:child_process';
import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { isOlder } from '../src/doctor/checks/versions.ts';
import { caddyFiles } from '../src/guard/front/caddy.ts';
import type { FrontInput } from '../src/guard/front/input.ts';
import { nginxFiles } from '../src/guard/front/nginx.ts';
import { type Child, startChild, waitFor } from './child.ts';

export interface FoundFront {
  readonly name: 'nginx' | 'caddy';
  readonly path: string;
}

export const howToGetFront =
  'install nginx (Debian, Ubuntu: `apt install nginx-light`; macOS: `brew install nginx`), or Caddy 2.11 or newer (caddyserver.com)';

/** @returns nginx if it is here, because it starts in an instant; else Caddy; undefined: neither that is new enough */
export async function findFront(): Promise<FoundFront | undefined> {
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...['/usr/sbin', '/usr/local/sbin', '/usr/local/bin', '/opt/homebrew/bin', join(homedir(), 'go/bin')],
  ];
  for (const name of ['nginx', 'caddy'] as const) {
    const chosen = name === 'caddy' ? process.env['CADDY_BIN'] : undefined;
    const path = chosen ?? folders.map((folder) => join(folder, name)).find(isExecutable);
    if (path !== undefined && (await isFit(name, path))) return { name, path };
  }
  return undefined;
}

/** From these versions on the written files work (docs/guard.md). */
async function isFit(name: FoundFront['name'], path: string): Promise<boolean> {
  const args = name === 'nginx' ? ['-V'] : ['version'];
  const { stdout, stderr } = await promisify(execFile)(path, args, { timeout: 5000 }).catch(() => ({
    stdout: '',
    stderr: '',
  }));
  const said = `${stdout}${stderr}`;
  if (name === 'nginx') {
    const version = /nginx\/(\d+\.\d+\.\d+)/.exec(said)?.[1];
    return (
      version !== undefined && !isOlder(version, '1.22.0') && said.includes('with-http_auth_request_module')
    );
  }
  // A Caddy that was built without a version says so, and is believed.
  const version = /v(\d+\.\d+\.\d+)/.exec(said)?.[1];
  return said !== '' && (version === undefined || !isOlder(version, '2.11.0'));
}

export interface FrontOptions {
  readonly front: FoundFront;
  /** Private and removed by the caller. */
  readonly folder: string;
  readonly port: number;
  readonly input: FrontInput;
  /** Where each app listens on loopback, by its name. */
  readonly ports: ReadonlyMap<string, number>;
}

/** Resolves when it answers. It listens on loopback only. */
export async function startFront(options: FrontOptions): Promise<Child> {
  const { front, folder, port } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const config = join(folder, front.name === 'nginx' ? 'nginx.conf' : 'Caddyfile');
  const [files, text] = front.name === 'nginx' ? nginxConfig(options) : caddyConfig(options);
  for (const { name, text } of files) writeFileSync(join(folder, name), text, { mode: 0o600 });
  writeFileSync(config, text, { mode: 0o600 });
  const child = await startChild({
    name: front.name,
    command: front.path,
    args:
      front.name === 'nginx'
        ? ['-p', folder, '-c', config, '-e', 'stderr']
        : ['run', '--config', config, '--adapter', 'caddyfile'],
    env: { XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
  });
  const up = waitFor(`${front.name} on port ${port}`, async () => {
    // Whatever it answers: no app has the name of an address.
    await fetch(`http://127.0.0.1:${port}/`);
    return true;
  });
  const died = child.exited.then((how) => {
    throw new Error(`${front.name} ended at once (${how}):\n${child.lines.slice(-10).join('\n')}`);
  });
  try {
    await Promise.race([up, died]);
  } catch (error) {
    await child.kill();
    throw error;
  } finally {
    up.catch(() => {});
    died.catch(() => {});
  }
  return child;
}

type Config = readonly [ReturnType<typeof nginxFiles>, string];

function nginxConfig({ folder, port, input, ports }: FrontOptions): Config {
  const sites = [...input.apps.apps.values()].map(({ name, origin }) => {
    const upstream = `gatehouse_app_${name.replaceAll('-', '_')}`;
    return `upstream ${upstream} { server 127.0.0.1:${ports.get(name)}; keepalive 16; }
server {
  listen 127.0.0.1:${port};
  server_name ${new URL(origin).hostname};
  include ${folder}/${name}.conf;
}`;
  });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  // One process, so that nothing is left if it is killed.
  const text = `daemon off; master_process off; pid ${folder}/pid; error_log stderr;
events {}
http {
access_log off;
${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n')}
include ${folder}/gatehouse-common.conf;
server { listen 127.0.0.1:${port} default_server; return 404; }
${sites.join('\n')}
}
`;
  return [nginxFiles(input), text];
}

function caddyConfig({ folder, port, input, ports }: FrontOptions): Config {
  const sites = [...input.apps.apps.values()].map(
    ({ name, origin }) => `${origin} {
	bind 127.0.0.1
	import gatehouse_${name} 127.0.0.1:${ports.get(name)}
}`,
  );
  const text = `{
	admin off
	auto_https off
	persist_config off
}
import ${folder}/*.caddy
http://:${port} {
	bind 127.0.0.1
	respond 404
}
${sites.join('\n')}
`;
  return [caddyFiles(input), text];
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
