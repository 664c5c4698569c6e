// A front with the configuration that `gatehouse guard config` writes, one app behind it, and a stand-in for the guard.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Child, freePort, waitFor } from '../../demo/child.ts';
import type { FrontFile, FrontInput } from '../../src/guard/front/input.ts';
import { type GuardStub, letThrough, startGuardStub } from './guard-stub.ts';
import { type GuardedEcho, startGuardedEcho } from './guarded-app.ts';
import { appHost, frontInput } from './guarded-wiki.ts';
import { makeCertificate } from './https-front.ts';
import { type RawResponse, sendRaw } from './raw.ts';
import { mustHave } from './requirement.ts';

/** How a real program is started with such files. */
export interface FrontKind {
  readonly name: 'nginx' | 'caddy' | 'traefik';
  /** Where the guard listens in these tests. */
  readonly guard: 'unix' | 'tcp';
  files(input: FrontInput): readonly FrontFile[];
  /** @param folder private, removed at the end */
  start(at: FrontPlace): Promise<Child>;
}

export interface FrontPlace {
  readonly folder: string;
  readonly files: readonly FrontFile[];
  readonly port: number;
  readonly appPort: number;
  /** Files of a certificate for `appHost`: then it serves https, with HTTP/2. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

export interface FrontWorld {
  readonly port: number;
  /** Two replicas of Gatehouse. */
  readonly guards: readonly [GuardStub, GuardStub];
  readonly app: GuardedEcho;
  readonly front: Child;
  /** The certificate, for a client to trust. */
  readonly ca: string;
  /** Forgets what arrived, and lets everybody through again. */
  reset(): void;
  /** Sends exactly these header lines besides `Host`. */
  ask(path: string, headers?: readonly string[], method?: string): Promise<RawResponse>;
  close(): Promise<void>;
}

/** @param isTls with https; `ask` is for plain http only */
export async function startFront(kind: FrontKind, isTls = false): Promise<FrontWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-front-'));
  const listen = async (name: string) =>
    kind.guard === 'unix' ? `unix:${join(folder, name)}` : `127.0.0.1:${await freePort()}`;
  const guards = [
    await startGuardStub(await listen('a.sock')),
    await startGuardStub(await listen('b.sock')),
  ] as const;
  const app = await startGuardedEcho();
  const port = await freePort();
  const files = kind.files(frontInput([guards[0].listen, guards[1].listen]));
  const tls = isTls ? await certificateIn(folder) : undefined;
  const front = await kind.start({ folder, files, port, appPort: app.port, ...(tls && { tls }) });
  const ask: FrontWorld['ask'] = (path, headers = [], method = 'GET') =>
    sendRaw({ port, requestLine: `${method} ${path} HTTP/1.1`, headers: [`Host: ${appHost}`, ...headers] });
  const world: FrontWorld = {
    port,
    guards,
    app,
    front,
    ca: tls?.ca ?? '',
    ask,
    reset() {
      for (const guard of guards) {
        guard.answer(letThrough);
        guard.arrivals.length = 0;
      }
      app.setCookies([]);
      app.arrivals.length = 0;
    },
    async close() {
      await front.stop();
      await Promise.all([app.close(), ...guards.map((guard) => guard.stop())]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    await waitFor(`${kind.name} to pass a request on`, async () => {
      if (!front.running()) throw new Error('it ended');
      return isTls ? isListening(port) : (await ask('/up')).status === 200;
    });
  } catch (error) {
    await world.close();
    throw new Error(`${kind.name} did not start:\n${front.lines.slice(-20).join('\n')}`, { cause: error });
  }
  world.reset();
  return world;
}

async function certificateIn(folder: string) {
  const { cert: ca, key } = makeCertificate(await mustHave('openssl'), `DNS:${appHost}`);
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  writeFileSync(files.cert, ca);
  writeFileSync(files.key, key);
  return { ...files, ca };
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => {
      socket.destroy();
      resolve(true);
    }).on('error', reject);
  });
}

/** Sends bytes as they are. @returns all that came back until the other side closed, or `enough` says that it is enough */
export function sendBytes(
  port: number,
  bytes: string | Buffer,
  enough: (received: string, send: (more: string) => void) => boolean = () => false,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let received = '';
    socket.setTimeout(15_000, () => socket.destroy(new Error('no answer')));
    socket.setEncoding('latin1').on('data', (text: string) => {
      received += text;
      if (enough(received, (more) => socket.write(more))) socket.destroy();
    });
    socket.on('error', reject).on('close', () => resolve(received));
    socket.write(bytes);
  });
}
