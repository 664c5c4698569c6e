// A browser of one person as far as HTTP is concerned, across the desk, the stand-in for Google and the apps: cookies by host, redirects
// followed. Every name leads to this machine.
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { keepCookies } from './client.ts';

export interface PersonAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly setCookies: readonly string[];
  readonly location: string | undefined;
}

export interface SendOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Parts are sent one after the other, chunked; a single one with its length. */
  readonly body?: string | Buffer | readonly Buffer[];
}

export interface Landing {
  /** Where the browser ended. */
  readonly url: string;
  readonly answer: PersonAnswer;
  /** The origins in between, one for each request. */
  readonly by: readonly string[];
}

export interface Person {
  readonly email: string;
  cookiesOf(origin: string): Map<string, string>;
  /** One request, following nothing, as for a page that the person opens. */
  send(url: string, options?: SendOptions): Promise<PersonAnswer>;
  /** As `send`, for a request of a script. */
  fetch(url: string, options?: SendOptions): Promise<PersonAnswer>;
  /**
   * Opens a page as a person does: follows redirects, and chooses the account at Google.
   * @param until stops before a request to this origin, and lands on its address
   */
  open(url: string, until?: string): Promise<Landing>;
  /** Posts a form of the desk with the token of that page. */
  post(url: string, fields: Readonly<Record<string, string>>): Promise<PersonAnswer>;
  /** Opens a WebSocket. @returns the status, and for 101 what came back for a text */
  webSocket(url: string): Promise<{ readonly status: number; readonly echo: string; close(): void }>;
}

const page = { accept: 'text/html,*/*;q=0.8', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
const script = { accept: '*/*', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' };
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const mostHops = 20;

export interface PersonOptions {
  readonly email: string;
  readonly desk: string;
  readonly google: string;
  /** The certificate to trust. */
  readonly ca: string;
  readonly userAgent?: string;
}

export function createPerson({ email, desk, google, ca, userAgent = firefox }: PersonOptions): Person {
  const jars = new Map<string, Map<string, string>>();
  const cookiesOf = (origin: string) => {
    const jar = jars.get(origin) ?? new Map<string, string>();
    jars.set(origin, jar);
    return jar;
  };
  const cookieHeader = (origin: string) =>
    [...cookiesOf(origin)].map(([name, value]) => `${name}=${value}`).join('; ');

  function exchange(url: string, headers: Record<string, string>, { method = 'GET', body }: SendOptions) {
    const [, scheme, host = '', raw = ''] = /^(https?):\/\/([^/]+)(.*)$/s.exec(url) ?? [];
    const origin = `${scheme}://${host}`;
    const cookie = cookieHeader(origin);
    const [name = '', port = ''] = host.split(':');
    const parts = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? undefined : body;
    const whole = parts === undefined ? (body as string | Buffer | undefined) : undefined;
    const options = {
      method,
      host: '127.0.0.1',
      port,
      // Not by way of `new URL`, which would normalise what a test means to send.
      path: raw || '/',
      servername: name === '127.0.0.1' ? '' : name,
      agent: false as const,
      maxHeaderSize: 262_144,
      ca,
      headers: {
        host,
        'user-agent': userAgent,
        ...(cookie && { cookie }),
        ...(whole !== undefined && { 'content-length': String(Buffer.byteLength(whole)) }),
        ...headers,
      },
    };
    return new Promise<PersonAnswer>((resolve, reject) => {
      const req = (scheme === 'https' ? tlsRequest : plainRequest)(options, (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
        res.on('end', () => {
          const setCookies = res.headers['set-cookie'] ?? [];
          keepCookies(cookiesOf(origin), setCookies);
          resolve({
            status: res.statusCode ?? 0,
            headers: res.headers,
            text: Buffer.concat(chunks).toString('utf8'),
            setCookies,
            location: res.headers.location,
          });
        });
      });
      req.on('error', reject);
      for (const part of parts ?? []) req.write(part);
      req.end(whole);
    });
  }

  const send: Person['send'] = (url, options = {}) => exchange(url, { ...page, ...options.headers }, options);

  async function open(url: string, until?: string): Promise<Landing> {
    let at = url;
    const by: string[] = [];
    for (let hop = 0; hop < mostHops; hop++) {
      const { origin } = new URL(at);
      by.push(origin);
      const answer = await send(at);
      if (answer.status < 300 || answer.status >= 400 || answer.location === undefined)
        return { url: at, answer, by };
      const next = new URL(answer.location, at);
      // The stand-in for Google asks nothing if the account is named.
      if (next.origin === google) next.searchParams.set('login_hint', email);
      if (next.origin === until) return { url: next.href, answer, by };
      at = answer.location.startsWith('http') && next.origin !== google ? answer.location : next.href;
    }
    throw new Error(`the browser was sent back and forth: ${by.join(' ')}`);
  }

  return {
    email,
    cookiesOf,
    send,
    open,
    fetch: (url, options = {}) => exchange(url, { ...script, ...options.headers }, options),
    async post(url, fields) {
      const me = await exchange(`${desk}/api/me`, { accept: 'application/json' }, {});
      if (me.status !== 200) throw new Error(`/api/me was answered with ${me.status}`);
      const { csrfToken } = JSON.parse(me.text) as { csrfToken: string };
      return send(url, {
        method: 'POST',
        headers: {
          origin: desk,
          'x-csrf-token': csrfToken,
          'content-type': 'application/x-www-form-urlencoded',
        },
        body: new URLSearchParams(fields).toString(),
      });
    },
    webSocket(url) {
      const { host, hostname, origin, port, pathname, search } = new URL(url);
      const cookie = cookieHeader(origin);
      const lines = [
        `GET ${pathname}${search} HTTP/1.1`,
        `Host: ${host}`,
        ...['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
        ...['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', `Origin: ${origin}`],
        ...(cookie ? [`Cookie: ${cookie}`] : []),
      ];
      return new Promise((resolve, reject) => {
        const socket: TLSSocket = tlsConnect(
          { host: '127.0.0.1', port: Number(port), servername: hostname, ca },
          () => socket.write(`${lines.join('\r\n')}\r\n\r\n`),
        );
        let received = '';
        let isGreeted = false;
        socket.setTimeout(10_000, () => socket.destroy(new Error('no answer to a WebSocket')));
        socket.setEncoding('latin1').on('error', reject);
        socket.on('data', (text: string) => {
          received += text;
          const end = received.indexOf('\r\n\r\n');
          if (end < 0) return;
          const status = Number(received.slice(9, 12));
          const close = () => socket.destroy();
          if (status !== 101) {
            close();
            resolve({ status, echo: '', close });
          } else if (!isGreeted) {
            isGreeted = true;
            socket.write('hello');
          }
          if (status === 101 && received.length >= end + 9)
            resolve({ status, echo: received.slice(end + 4), close });
        });
      });
    },
  };
}
