// What Caddy does in front of oauth2-proxy: terminates TLS and reports the client's address. Its certificate is created for the run, and
// nobody else trusts it.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mustHave } from './requirement.ts';

export interface HttpsFront {
  readonly origin: string;
  readonly port: number;
  /** The certificate, for a client to trust. */
  readonly ca: string;
  close(): Promise<void>;
}

/** @param target where requests are forwarded to, called for each request: for example `http://127.0.0.1:4180` */
export async function startHttpsFront(target: () => string): Promise<HttpsFront> {
  const { key, cert } = makeCertificate(await mustHave('openssl'));
  const server = createServer({ key, cert }, (req, res) => {
    const onward = request(new URL(target()), {
      method: req.method ?? 'GET',
      path: req.url ?? '/',
      headers: onwardHeaders(req),
    });
    onward.on('response', (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(res);
    });
    onward.on('error', () => (res.headersSent ? res.destroy() : res.writeHead(502).end()));
    res.on('close', () => onward.destroy());
    req.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  return {
    origin: `https://localhost:${port}`,
    port,
    ca: cert,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Caddy's defaults: it sets three headers itself whatever the client sent, and forwards all others unchanged. */
function onwardHeaders(req: IncomingMessage): string[] {
  const own = new Set(['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'connection']);
  const headers: string[] = [];
  for (let i = 0; i < req.rawHeaders.length; i += 2) {
    const name = req.rawHeaders[i] ?? '';
    if (!own.has(name.toLowerCase())) headers.push(name, req.rawHeaders[i + 1] ?? '');
  }
  return [
    ...headers,
    ...['X-Forwarded-For', req.socket.remoteAddress ?? ''],
    ...['X-Forwarded-Proto', 'https'],
    ...['X-Forwarded-Host', req.headers.host ?? ''],
  ];
}

/** @param names subject alternative names, as openssl writes them */
export function makeCertificate(
  openssl: string,
  names = 'DNS:localhost,IP:127.0.0.1',
): { key: string; cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-cert-'));
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  try {
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const about = ['-days', '2', '-subj', '/CN=localhost', '-addext', `subjectAltName=${names}`];
    execFileSync(openssl, ['req', '-x509', ...curve, ...about, '-keyout', keyFile, '-out', certFile], {
      stdio: 'pipe',
    });
    return { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
