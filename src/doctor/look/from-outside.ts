// Looks at a deployment from outside with plain GET requests without cookies, some with forged headers. Sends nothing that changes anything.
import { randomBytes } from 'node:crypto';
import { type IncomingMessage, request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { OutsideAnswer, OutsideCookie, OutsideProbe, OutsideView } from '../deployment.ts';

const patienceMs = 5_000;
const longestBody = 262_144;

interface Probe {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Answer {
  readonly message: IncomingMessage;
  readonly text: string;
  readonly certificateFault: string | undefined;
  readonly certificateEndsAt: number | undefined;
}

/** @param url any URL of the deployment; its origin is checked @param ca a certificate to trust in place of the usual ones */
export async function lookFromOutside(url: string, now: () => number, ca?: string): Promise<OutsideView> {
  const { origin } = new URL(url);
  // Belongs to nobody: RFC 2606 reserves `.invalid`.
  const madeUp = `probe-${randomBytes(6).toString('hex')}`;
  const probes = probesFor(madeUp);
  const ask = (probe: Probe) => get(origin, probe, ca);
  let first: Answer;
  try {
    first = await ask(probes.landing);
  } catch (error) {
    return { url: origin, unreachable: codeOf(error), answers: {} };
  }
  const receivedAt = now();
  const names = (Object.keys(probes) as OutsideProbe[]).filter((name) => name !== 'landing');
  const rest = await Promise.all(
    names.map(
      async (name) =>
        [
          name,
          await ask(probes[name]).then(
            (answer) => read(answer, madeUp),
            () => undefined,
          ),
        ] as const,
    ),
  );
  const date = Date.parse(first.message.headers.date ?? '');
  return {
    url: origin,
    answers: { landing: read(first, madeUp), ...Object.fromEntries(rest.filter(([, answer]) => answer)) },
    ...(first.certificateFault !== undefined && { certificateFault: first.certificateFault }),
    ...(first.certificateEndsAt !== undefined && { certificateEndsAt: first.certificateEndsAt }),
    ...(!Number.isNaN(date) && { clockAheadMs: date + 500 - receivedAt }),
  };
}

function probesFor(madeUp: string): Record<OutsideProbe, Probe> {
  const address = `${madeUp}@gatehouse.invalid`;
  const forged = {
    'X-Forwarded-User': madeUp,
    'X-Forwarded-Email': address,
    'X-Forwarded-Preferred-Username': madeUp,
    'X-Forwarded-Groups': madeUp,
    'X-Auth-Request-User': madeUp,
    'X-Auth-Request-Email': address,
    'X-Remote-User': madeUp,
  };
  const page = { Accept: 'text/html', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' };
  const asHealth = {
    'X-Forwarded-Uri': '/health',
    'X-Forwarded-Method': 'GET',
    'X-Original-Url': '/health',
    'X-Rewrite-Url': '/health',
  };
  return {
    landing: { path: '/', headers: page },
    dashboard: { path: '/dashboard', headers: page },
    api: { path: '/api/me', headers: { Accept: 'application/json' } },
    health: { path: '/health' },
    forgedPublic: { path: '/', headers: { ...page, ...forged } },
    forgedMember: { path: '/dashboard', headers: { ...page, ...forged } },
    forgedUri: { path: '/dashboard', headers: { ...page, ...asHealth } },
    metrics: { path: '/metrics' },
    envFile: { path: '/.env' },
    gitHead: { path: '/.git/HEAD' },
  };
}

/** Reports an untrusted certificate and then ignores it: the other answers are still worth knowing. */
async function get(origin: string, probe: Probe, ca: string | undefined): Promise<Answer> {
  if (!origin.startsWith('https:')) return send(origin, probe, undefined, true);
  try {
    return await send(origin, probe, ca, true);
  } catch (error) {
    const code = codeOf(error);
    if (!/CERT|SIGNED|ALTNAME|ISSUER|VERIFY/.test(code)) throw error;
    return { ...(await send(origin, probe, ca, false)), certificateFault: code };
  }
}

function send(
  origin: string,
  { path, headers = {} }: Probe,
  ca: string | undefined,
  strict: boolean,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const isTls = origin.startsWith('https:');
    const options = {
      agent: false as const,
      headers: { 'User-Agent': 'gatehouse-doctor', ...headers },
      signal: AbortSignal.timeout(patienceMs),
      ...(isTls && { rejectUnauthorized: strict, ...(ca !== undefined && { ca }) }),
    };
    const asked = (isTls ? tlsRequest : plainRequest)(new URL(path, origin), options, (message) => {
      const ends = isTls
        ? Date.parse((message.socket as TLSSocket).getPeerCertificate().valid_to)
        : Number.NaN;
      const certificateEndsAt = Number.isNaN(ends) ? undefined : ends;
      // A compressed body, although none was requested, could hide what the probe looks for.
      if (!/^(?:identity)?$/i.test(message.headers['content-encoding'] ?? '')) {
        reject(Object.assign(new Error('compressed'), { code: 'CONTENT_ENCODING' }));
        asked.destroy();
        return;
      }
      let text = '';
      const done = () => resolve({ message, text, certificateFault: undefined, certificateEndsAt });
      message.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        if (text.length <= longestBody) return;
        done();
        asked.destroy();
      });
      message.on('end', done).on('error', reject);
    });
    asked.on('error', reject).end();
  });
}

function read({ message, text }: Answer, madeUp: string): OutsideAnswer {
  const headers = new Map(
    Object.entries(message.headers).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value] as const] : [],
    ),
  );
  const status = message.statusCode ?? 0;
  return {
    status,
    location: message.headers.location,
    headers,
    cookies: (message.headers['set-cookie'] ?? []).map(readCookie),
    fromApp: /'nonce-[^']+'/.test(headers.get('content-security-policy') ?? ''),
    isGatePage: text.includes('/oauth2/start') || text.includes('/oauth2/sign_in'),
    namesProbe: text.includes(madeUp),
    leaks:
      status === 200 &&
      /^(?:# (?:HELP|TYPE) |ref: refs\/|[0-9a-f]{40}\s*$|\s*[A-Z][A-Z0-9_]{2,}=)/m.test(text),
    healthy: status === 200 && /"status"\s*:\s*"healthy"/.test(text),
  };
}

export function readCookie(line: string): OutsideCookie {
  const [pair = '', ...rest] = line.split(';').map((part) => part.trim());
  const attributes = new Map(
    rest.map((part) => {
      const [name = '', value = ''] = part.split('=', 2);
      return [name.toLowerCase(), value] as const;
    }),
  );
  return {
    name: pair.slice(0, Math.max(0, pair.indexOf('='))),
    secure: attributes.has('secure'),
    httpOnly: attributes.has('httponly'),
    sameSite: attributes.get('samesite'),
    path: attributes.get('path'),
    domain: attributes.get('domain'),
  };
}

function codeOf(error: unknown): string {
  const { code, name } = error as Error & { code?: unknown };
  return typeof code === 'string' ? code : name;
}
