// A browser as far as HTTP is concerned: keeps cookies, follows sign-in, hides nothing. One client is one person on one device.
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The Set-Cookie lines. */
  readonly setCookies: readonly string[];
  readonly location: string | undefined;
  json<T = Record<string, unknown>>(): T;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string;
}

export interface Client {
  /** Name to value, as a browser would send them. */
  readonly cookies: Map<string, string>;
  /** Sends one request and follows no redirect; `url` may be a path. */
  ask(url: string, options?: AskOptions): Promise<Answer>;
  /** Signs in as a person would: opens `path`, chooses the account and follows redirects; resolves to the last response. */
  signIn(email: string, path?: string): Promise<Answer>;
}

export function createClient(
  origin: string,
  { ca, headers: always = {} }: { ca?: string; headers?: Record<string, string> } = {},
): Client {
  const cookies = new Map<string, string>();

  async function ask(url: string, { method = 'GET', headers = {}, body }: AskOptions = {}): Promise<Answer> {
    // A path does not go through `new URL`, which would normalise what a test means to send.
    const home = url.startsWith('/');
    const target = new URL(home ? origin : url);
    const own = target.origin === origin;
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const options = {
      method,
      host: '127.0.0.1',
      port: target.port,
      path: home ? url : `${target.pathname}${target.search}`,
      servername: 'localhost',
      agent: false as const,
      // A session in many cookies arrives in one response; browsers accept 256 KB.
      maxHeaderSize: 262_144,
      headers: { host: target.host, ...(own && cookie ? { cookie } : {}), ...always, ...headers },
      ...(ca === undefined ? {} : { ca }),
    };
    const answer = await new Promise<Answer>((resolve, reject) => {
      const send = target.protocol === 'https:' ? tlsRequest : plainRequest;
      const req = send(options, (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk));
        res.on('error', reject);
        res.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({
            status: res.statusCode ?? 0,
            headers: res.headers,
            text,
            setCookies: res.headers['set-cookie'] ?? [],
            location: res.headers.location,
            json: <T>() => JSON.parse(text) as T,
          });
        });
      });
      req.on('error', reject);
      req.end(body);
    });
    if (own) keepCookies(cookies, answer.setCookies);
    return answer;
  }

  async function signIn(email: string, path = '/dashboard'): Promise<Answer> {
    let answer = await ask(path);
    for (let hop = 0; hop < 10 && answer.status >= 300 && answer.status < 400 && answer.location; hop++) {
      const next = new URL(answer.location, origin);
      // The stand-in for Google shows no account choice if the account is named.
      if (next.origin !== origin) next.searchParams.set('login_hint', email);
      answer = await ask(next.href);
    }
    return answer;
  }

  return { cookies, ask, signIn };
}

/** Stores the cookies that a response sets, as a browser would. */
export function keepCookies(cookies: Map<string, string>, setCookies: readonly string[]): void {
  for (const line of setCookies) keep(cookies, line);
}

function keep(cookies: Map<string, string>, line: string): void {
  const [pair = '', ...attributes] = line.split(/;\s*/);
  const at = pair.indexOf('=');
  const name = pair.slice(0, at);
  const attributeOf = (attribute: string) =>
    attributes.find((text) => text.toLowerCase().startsWith(`${attribute}=`))?.slice(attribute.length + 1);
  const maxAge = attributeOf('max-age');
  const expires = attributeOf('expires');
  const over =
    maxAge !== undefined ? Number(maxAge) <= 0 : expires !== undefined && Date.parse(expires) <= Date.now();
  if (over) cookies.delete(name);
  else cookies.set(name, pair.slice(at + 1));
}
