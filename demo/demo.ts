// `npm run demo`: everything runs on this machine, and nothing is left behind.
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs, styleText } from 'node:util';
import { startApp } from './app.ts';
import { freePort } from './child.ts';
import { startConfluence } from './confluence.ts';
import { findFront, howToGetFront } from './front.ts';
import { startGate } from './gate.ts';
import { accounts, startGoogle } from './google.ts';
import { type GuardPlan, guardSettings, type ShownApp, startGuard } from './guard.ts';
import { getOauth2Proxy } from './oauth2-proxy.ts';

export interface DemoOptions {
  /** Preferred port; another one if it is taken. */
  readonly port?: number;
  /** false: without oauth2-proxy, everyone is `dev@localhost`. */
  readonly gate?: boolean;
  readonly say?: (line: string) => void;
}

export interface Demo {
  /** The one address to open. */
  readonly url: string;
  /** Whether oauth2-proxy is in front of it. */
  readonly gated: boolean;
  /** The apps behind the guard; empty: there is no gate, or nothing that could be in front of them. */
  readonly apps: readonly ShownApp[];
  /** Holds everything it wrote; removed by `close`. */
  readonly folder: string;
  /** Resolves with what happened if a part ends unexpectedly. */
  readonly broken: Promise<string>;
  close(): Promise<void>;
}

export async function startDemo({
  port: preferred = 4180,
  gate = true,
  say = () => {},
}: DemoOptions = {}): Promise<Demo> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-demo-'));
  const endings: (() => Promise<void>)[] = [];
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', removeFolder);
  async function close(): Promise<void> {
    while (endings.length > 0) await endings.pop()?.();
    removeFolder();
    process.off('exit', removeFolder);
  }

  try {
    const front = gate ? findFront() : undefined;
    const binary = gate ? await getOauth2Proxy(say) : undefined;
    if (gate && !binary) say('Going on without it: everyone is dev@localhost, an operator.');
    const port = (await isFree(preferred)) ? preferred : await freePort();
    if (port !== preferred) say(`Port ${preferred} is taken by another program; this is on ${port} instead.`);
    const url = `http://localhost:${port}`;
    const plan = binary ? await planGuard(front, folder, url) : undefined;
    if (binary && !plan) say(`Without apps behind the guard. To see some: ${howToGetFront}.`);
    const gateSecret = randomBytes(32).toString('hex');
    const emailsFile = join(folder, 'access', 'emails.txt');
    const confluence = await startConfluence({ kind: 'data-center', share: 0.02 });
    endings.push(() => confluence.close());
    const confluenceToken = randomBytes(24).toString('base64url');
    confluence.accounts.set(`Bearer ${confluenceToken}`, 'demo');
    const env = {
      ...(binary ? { ADMIN_EMAILS: 'ada@example.org' } : { DEV_MODE: 'true' }),
      PUBLIC_URL: url,
      HOST: '127.0.0.1',
      PORT: String(binary ? await freePort() : port),
      OPS_PORT: String(await freePort()),
      SECRET_KEY: randomBytes(32).toString('hex'),
      GATE_SECRET: gateSecret,
      DATA_DIR: join(folder, 'data'),
      EMAILS_FILE: emailsFile,
      LOG_LEVEL: 'error',
      VAULT_PASSPHRASE: randomBytes(32).toString('base64url'),
      VAULT_BIND_MACHINE: 'false',
      CONFLUENCE_URL: confluence.url,
      CONFLUENCE_API_TOKEN: confluenceToken,
      CONFLUENCE_ALLOW_PRIVATE: 'true',
    };
    writeEmails(emailsFile, ['ada@example.org', 'grace@example.org']);
    const google = binary ? await startGoogle() : undefined;
    if (google) endings.push(() => google.close());
    const login = google ? { OAUTH2_PROXY_LOGIN_URL: google.loginUrl } : {};
    const guarded = plan ? guardSettings(plan) : {};
    // Beside the app, so that the start takes no longer.
    const startingGuard = plan && startGuard(plan, env.SECRET_KEY);
    startingGuard?.catch(() => {});
    endings.push(async () => (await startingGuard?.catch(() => undefined))?.close());
    const app = await startApp({ env: { ...env, ...login, ...guarded }, cwd: folder, onLine: say });
    endings.push(() => app.stop());
    const ends = [app.exited.then((how) => `The dashboard ended (${how}).`)];
    if (binary && google) {
      const upstream = `http://127.0.0.1:${env.PORT}`;
      const proxy = await startGate({ binary, upstream, google, emailsFile, gateSecret, port });
      endings.push(() => proxy.close());
      ends.push(
        proxy.child.exited.then((how) => `oauth2-proxy ended (${how}).\n${proxy.child.lines.at(-1) ?? ''}`),
      );
    }
    const guard = await startingGuard;
    if (guard) ends.push(guard.front.exited.then((how) => `${guard.front.name} ended (${how}).`));
    const apps = guard?.apps ?? [];
    return { url, gated: binary !== undefined, apps, folder, broken: Promise.race(ends), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** undefined: nothing on this machine can be in front of the apps. */
async function planGuard(
  found: ReturnType<typeof findFront> | undefined,
  folder: string,
  desk: string,
): Promise<GuardPlan | undefined> {
  const front = await found;
  if (!front) return undefined;
  const beside = Number(new URL(desk).port) + 1;
  const port = beside < 65_536 && (await isFree(beside)) ? beside : await freePort();
  return { front, folder, desk, port, listen: `127.0.0.1:${await freePort()}` };
}

function writeEmails(file: string, emails: readonly string[]): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, `${emails.join('\n')}\n`, { mode: 0o600 });
}

/** On both loopback addresses: browsers try ::1 first for `localhost`. */
async function isFree(port: number): Promise<boolean> {
  for (const host of ['127.0.0.1', '::1']) {
    const taken = await new Promise<boolean>((resolve) => {
      const server = createServer();
      server.once('error', (error: NodeJS.ErrnoException) =>
        resolve(error.code === 'EADDRINUSE' || error.code === 'EACCES'),
      );
      server.listen(port, host, () => server.close(() => resolve(false)));
    });
    if (taken) return false;
  }
  return true;
}

function welcome({ url, gated, apps }: Demo): string {
  const bold = (text: string) => styleText('bold', text);
  const quiet = (text: string) => styleText('dim', text);
  const people = gated
    ? accounts.map(({ email, about }) => `  ${email.padEnd(21)} ${quiet(about)}`)
    : [
        `  ${'dev@localhost'.padEnd(21)} ${quiet('Everyone is; an operator. No oauth2-proxy stands before it')}`,
      ];
  const parts = gated
    ? 'The real oauth2-proxy and the dashboard run on this machine; stand-ins play Google and Confluence.'
    : 'The dashboard runs on this machine with DEV_MODE, without oauth2-proxy.';
  return [
    '',
    `  ${bold('Gatehouse')}`,
    `  ${parts}`,
    '',
    `  Open  ${styleText(['bold', 'cyan'], url)}`,
    '',
    ...people,
    '',
    ...(apps.length === 0
      ? []
      : [
          ...apps.map(
            ({ url, about }) =>
              `  ${url.padEnd(29)} ${quiet(`${about}, behind the guard: the same sign-in`)}`,
          ),
          '',
        ]),
    `  ${quiet('Ctrl-C ends everything and removes the temporary files.')}`,
    '',
  ].join('\n');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { port: { type: 'string' }, gate: { type: 'boolean', default: true } },
    allowNegative: true,
  });
  const port = Number(values.port ?? 4180);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Error('--port must be a number from 1 to 65535');

  const asked = Promise.withResolvers<void>();
  let ready = false;
  // npm forwards a Ctrl-C that the terminal has already sent: signals after the first are ignored.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => (ready ? asked.resolve() : process.exit(0)));
  }
  const demo = await startDemo({ port, gate: values.gate, say: (line) => console.error(line) });
  ready = true;
  console.log(welcome(demo));
  const broken = await Promise.race([demo.broken, asked.promise]);
  await demo.close();
  if (broken) throw new Error(broken);
}

if (import.meta.main) {
  try {
    await main();
    process.exit(0);
  } catch (error) {
    const usage =
      error instanceof TypeError || (error instanceof Error && error.message.startsWith('--port'));
    console.error(error instanceof Error ? error.message : error);
    if (usage) console.error('Use: npm run demo -- [--port N] [--no-gate]');
    process.exit(usage ? 2 : 1);
  }
}
