// A real nginx or Caddy in front of two apps, the real guard, and apps that show what arrives: what `gatehouse doctor --app` looks at.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Child, freePort, startChild, waitFor } from '../../demo/child.ts';
import { createKeyring } from '../../src/crypto/keyring.ts';
import type { AppView } from '../../src/doctor/deployment.ts';
import type { AppPlaces } from '../../src/doctor/look/app.ts';
import { readApps } from '../../src/guard/apps-document.ts';
import type { Apps } from '../../src/guard/contract.ts';
import { caddyFiles } from '../../src/guard/front/caddy.ts';
import type { FrontInput } from '../../src/guard/front/input.ts';
import { nginxFiles } from '../../src/guard/front/nginx.ts';
import { frontKey } from '../../src/guard/front-key.ts';
import { lookAtAppNamed } from '../../src/wiring/doctor-app.ts';
import { type Guarded, startGuarded } from './guarded.ts';
import { makeCertificate } from './https-front.ts';
import { sendRaw } from './raw.ts';
import { mustHave } from './requirement.ts';

export const appsText = `groups: {}
apps:
  wiki:
    url: https://wiki.test
    who: [everyone]
    public: ['/public/*', '/health']
    headers: { user: X-WEBAUTH-USER, email: Remote-Email, user-is: name }
  files:
    url: https://files.test
    who: [everyone]
`;

export interface DoctorWorld {
  readonly guarded: Guarded;
  readonly appPort: number;
  /** The apps file that the check-up reads. */
  readonly appsFile: string;
  /** Starts the front, with one text of its files replaced, and looks at the wiki. */
  look(change?: FrontChange, places?: Partial<AppPlaces>): Promise<AppView>;
  close(): Promise<void>;
}

/** `file`: of which of the two apps, or what they share; absent: the wiki's. */
export interface FrontChange {
  readonly file?: 'wiki' | 'files' | 'common';
  readonly edit: (text: string) => string;
}

type Kind = 'nginx' | 'caddy';

export async function startDoctorWorld(kind: Kind): Promise<DoctorWorld> {
  const read = readApps(appsText, 'https://desk.test');
  if ('faults' in read) throw new Error(JSON.stringify(read.faults));
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-doctor-app-'));
  const appsFile = join(folder, 'apps.yaml');
  writeFileSync(appsFile, appsText);
  const { cert, key } = makeCertificate(await mustHave('openssl'), 'DNS:wiki.test,DNS:files.test');
  for (const [name, text] of [
    ['cert.pem', cert],
    ['key.pem', key],
  ] as const)
    writeFileSync(join(folder, name), text);
  const guarded = await startGuarded({ store: 'sqlite' }, read.apps);
  const app = await serve((req, res) => {
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify(req.rawHeaders));
  });
  const toHttps = await serve((req, res) => {
    res.writeHead(308, { location: `https://${req.headers.host}${req.url}` }).end();
  });
  const { secretKeys } = guarded.desk.config;
  const keyring = createKeyring(secretKeys);
  const input = frontInput(read.apps, guarded, (one) => frontKey(keyring, one));
  return {
    guarded,
    appPort: app.port,
    appsFile,
    async look(change, places = {}) {
      const port = await freePort();
      const front = await starts[kind]({ folder, input, change, port, appPort: app.port });
      try {
        await waitFor(`${kind} to answer`, async () => {
          if (!front.running()) throw new Error(`it ended:\n${front.lines.slice(-20).join('\n')}`);
          const ping = { port, requestLine: 'GET / HTTP/1.1', headers: ['Host: x'] };
          return sendRaw(ping).then(
            () => true,
            () => false,
          );
        });
        const look = lookAtAppNamed(
          'wiki',
          {
            front: `127.0.0.1:${port}`,
            direct: `http://127.0.0.1:${app.port}`,
            echo: '/public/headers',
            ca: cert,
            plain: `http://127.0.0.1:${toHttps.port}`,
            desk: guarded.desk.origin,
            // Nothing listens there: the app is only on 127.0.0.1.
            ownAddresses: () => ['127.0.0.9'],
            ...places,
          },
          guarded.desk.now,
        );
        const seen = await look(guarded.desk.config, appsFile);
        if ('missing' in seen) throw new Error(seen.missing);
        return seen.found;
      } finally {
        await front.stop();
      }
    },
    async close() {
      await Promise.all([app.close(), toHttps.close(), guarded.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function frontInput(apps: Apps, guarded: Guarded, keyOf: FrontInput['keyOf']): FrontInput {
  const { gate, session, visitor } = guarded.desk.config;
  const desk = [session.cookieName, visitor.cookieName];
  return { apps, guards: [`127.0.0.1:${guarded.port}`], keyOf, cookies: { gate: gate.cookie.name, desk } };
}

interface Place {
  readonly folder: string;
  readonly input: FrontInput;
  readonly change: FrontChange | undefined;
  readonly port: number;
  readonly appPort: number;
}

function changed(text: string, name: string, change: FrontChange | undefined): string {
  if (!change || !name.includes(change.file ?? 'wiki')) return text;
  const after = change.edit(text);
  if (after === text) throw new Error(`nothing was changed in ${name}`);
  return after;
}

const starts: Record<Kind, (at: Place) => Promise<Child>> = {
  async nginx({ folder, input, change, port, appPort }) {
    for (const { name, text } of nginxFiles(input))
      writeFileSync(join(folder, name), changed(text, name, change));
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    const site = (name: string) => `upstream gatehouse_app_${name} { server 127.0.0.1:${appPort}; }
server {
  listen 127.0.0.1:${port} ssl;
  server_name ${name}.test;
  ssl_certificate ${folder}/cert.pem;
  ssl_certificate_key ${folder}/key.pem;
  include ${folder}/${name}.conf;
}`;
    const config = join(folder, 'nginx.conf');
    writeFileSync(
      config,
      `daemon off; master_process off; pid ${folder}/pid; error_log stderr;
events {}
http {
access_log off;
${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n')}
include ${folder}/gatehouse-common.conf;
${site('wiki')}
${site('files')}
}
`,
    );
    const command = await mustHave('nginx');
    return startChild({ name: 'nginx', command, args: ['-p', folder, '-c', config] });
  },
  async caddy({ folder, input, change, port, appPort }) {
    const snippets = caddyFiles(input).map(({ name, text }) => changed(text, name, change));
    const site = (name: string) => `https://${name}.test:${port} {
  bind 127.0.0.1
  tls ${folder}/cert.pem ${folder}/key.pem
  import gatehouse_${name} 127.0.0.1:${appPort}
}`;
    const config = join(folder, 'Caddyfile');
    writeFileSync(
      config,
      `{\n  admin off\n  auto_https off\n}\n${snippets.join('\n')}\n${site('wiki')}\n${site('files')}\n`,
    );
    const env = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
    const command = await mustHave('caddy');
    return startChild({
      name: 'caddy',
      command,
      args: ['run', '--config', config, '--adapter', 'caddyfile'],
      env,
    });
  },
};

async function serve(listener: RequestListener): Promise<{ port: number; close(): Promise<void> }> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
