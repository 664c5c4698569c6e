// The guard's listener of an app in this process, and browsers that reach apps through a front which is only these functions: what the
// front would send, and what it would do with the answers.
import { request } from 'node:http';
import { createKeyring } from '../../src/crypto/keyring.ts';
import type { Apps, GuardedApp } from '../../src/guard/contract.ts';
import { frontKey } from '../../src/guard/front-key.ts';
import { createLogger } from '../../src/http/log.ts';
import { createHttpServer, drain, listen } from '../../src/http/server.ts';
import type { Answer, Client } from './client.ts';
import { type Desk, type SessionActionOptions, startDesk, type TestPerson } from './desk.ts';

export function guardedApp(name: string, more: Partial<GuardedApp> = {}): GuardedApp {
  return {
    name,
    title: name,
    origin: `https://${name}.test`,
    who: [{ kind: 'everyone' }],
    publicPaths: [],
    headers: { userIs: 'email' },
    keyVersion: 1,
    ...more,
  };
}

export function appsOf(all: readonly GuardedApp[], groups: Record<string, readonly string[]> = {}): Apps {
  return {
    apps: new Map(all.map((app) => [app.name, app])),
    groups: new Map(Object.entries(groups).map(([name, people]) => [name, new Set(people)])),
  };
}

export interface GuardAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface FrontRequestOptions {
  readonly uri?: string;
  readonly method?: string;
  /** Instead of a person who opens a page. */
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly cookies?: ReadonlyMap<string, string>;
  /** Instead of the app's own. */
  readonly key?: string;
  readonly host?: string;
  /** The path at the listener; default `/check`. */
  readonly path?: string;
}

export interface AppBrowser {
  /** The desk's side, with the headers of oauth2-proxy. */
  readonly desk: Client;
  /** The cookies on each app's host. */
  cookiesOf(app: string): Map<string, string>;
  /** One check, as for a page that the person opens. Keeps its cookies. */
  check(app: string, options?: FrontRequestOptions): Promise<GuardAnswer>;
  /** As `check`, for a request of a script. */
  fetch(app: string, options?: FrontRequestOptions): Promise<GuardAnswer>;
  /** Follows redirects between app and desk. @returns `in` with the path, or the desk's page that it ended on */
  visit(
    app: string,
    uri?: string,
  ): Promise<
    { readonly in: string; readonly steps: number } | { readonly page: Answer; readonly steps: number }
  >;
  /** Follows one address of the app's host that Gatehouse answers. */
  follow(location: string): Promise<GuardAnswer>;
}

export interface Guarded {
  readonly desk: Desk;
  /** The apps file; tests replace it. */
  apps: Apps;
  readonly port: number;
  ask(app: string, options?: FrontRequestOptions): Promise<GuardAnswer>;
  browser(person: TestPerson, headers?: Record<string, string>): AppBrowser;
  close(): Promise<void>;
}

const page = { accept: 'text/html,*/*;q=0.8', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
const script = { accept: '*/*', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' };
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const mostSteps = 20;

/** @param beside another replica on the same store @param apps or what gives them at each request */
export async function startGuarded(
  options: SessionActionOptions & { readonly beside?: Desk },
  apps: Apps | (() => Apps),
): Promise<Guarded> {
  let kept = apps;
  const state = {
    get apps() {
      return typeof kept === 'function' ? kept() : kept;
    },
    set apps(next: Apps) {
      kept = next;
    },
  };
  const desk = await startDesk({ ...options, parts: { ...options.parts, guardedApps: () => state.apps } });
  const { guard } = desk.app;
  if (!guard) throw new Error('there is no guard');
  const server = createHttpServer(guard, createLogger('silent'));
  const port = await listen(server, 0, '127.0.0.1');
  const keyring = createKeyring(desk.config.secretKeys);

  function ask(app: string, asked: FrontRequestOptions = {}): Promise<GuardAnswer> {
    const { uri = '/', method = 'GET', headers = page, cookies = new Map(), path = '/check' } = asked;
    const found = state.apps.apps.get(app) ?? guardedApp(app);
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          port,
          host: '127.0.0.1',
          path,
          agent: false,
          headers: {
            'x-guard-key': asked.key ?? frontKey(keyring, found),
            'x-forwarded-method': method,
            'x-forwarded-uri': uri,
            'x-forwarded-host': asked.host ?? new URL(found.origin).host,
            'x-forwarded-proto': 'https',
            'x-forwarded-for': '203.0.113.9',
            'user-agent': firefox,
            ...(cookie && { cookie }),
            ...headers,
          },
        },
        (res) => {
          let text = '';
          res.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
          });
          res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, text }));
        },
      );
      sent.on('error', reject).end();
    });
  }

  function browser(person: TestPerson, more: Record<string, string> = {}): AppBrowser {
    const client = desk.browser(person, more);
    const jars = new Map<string, Map<string, string>>();
    const jarOf = (app: string) => {
      const jar = jars.get(app) ?? new Map<string, string>();
      jars.set(app, jar);
      return jar;
    };
    const keep = (app: string, answer: GuardAnswer) => {
      for (const line of [answer.headers['set-cookie'] ?? []].flat()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        if (/max-age=0/i.test(line)) jarOf(app).delete(name);
        else jarOf(app).set(name, value);
      }
      return answer;
    };
    const check = async (app: string, asked: FrontRequestOptions = {}) =>
      keep(app, await ask(app, { cookies: jarOf(app), ...asked }));
    const follow = (location: string) => {
      const url = new URL(location);
      const app = [...state.apps.apps.values()].find(({ origin }) => origin === url.origin);
      if (!app) throw new Error(`no app is at ${location}`);
      return check(app.name, { path: `${url.pathname}${url.search}`, uri: `${url.pathname}${url.search}` });
    };
    return {
      desk: client,
      cookiesOf: jarOf,
      check,
      fetch: (app, asked = {}) => check(app, { headers: script, ...asked }),
      follow,
      async visit(app, uri = '/') {
        const origin = state.apps.apps.get(app)?.origin ?? '';
        let at = `${origin}${uri}`;
        for (let steps = 1; steps <= mostSteps; steps++) {
          const url = new URL(at);
          if (url.origin === desk.config.publicOrigin) {
            const answer = await client.ask(at.slice(url.origin.length), { headers: page });
            if (answer.location === undefined) return { page: answer, steps };
            at = new URL(answer.location, desk.config.publicOrigin).href;
          } else if (url.pathname.startsWith('/.gatehouse/')) {
            const answer = await follow(at);
            const { location } = answer.headers;
            if (typeof location !== 'string') throw new Error(`${at} was answered with ${answer.status}`);
            at = location;
          } else {
            const raw = at.slice(url.origin.length);
            const answer = await check(app, { uri: raw });
            if (answer.status === 204) return { in: raw, steps };
            const location = answer.headers['x-guard-redirect'];
            if (typeof location !== 'string') throw new Error(`${at} was answered with ${answer.status}`);
            at = location;
          }
        }
        throw new Error('the browser was sent back and forth');
      },
    };
  }

  return {
    desk,
    get apps() {
      return state.apps;
    },
    set apps(next) {
      state.apps = next;
    },
    port,
    ask,
    browser,
    async close() {
      await drain(server, 100);
      await desk.close();
    },
  };
}
