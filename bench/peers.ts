// The servers that Gatehouse is compared with, one process each: `node bench/peers.ts raw|bare|stock`, on `PORT`, stock with `REDIS_URL`.
// All serve the same JSON and the same two pages; only stock has sessions. The pages are EJS views, as in a typical Express app.
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { RedisStore } from 'connect-redis';
import express, { type Express, type Request } from 'express';
import session from 'express-session';
import helmet from 'helmet';
import { Redis } from 'ioredis';
import { ago, ahead, exact, iso } from '../views/format.ts';

const begunAt = Date.now();
const [dayMs, lifetimeMs] = [86_400_000, 604_800_000];

const pages = ['devices', 'dashboard'] as const;

/** The same size as Gatehouse's response; stock keeps it in each session. */
const me = {
  person: { id: '100000000000000000001', email: 'person1@example.org', operator: false },
  session: {
    handle: 'AAAAAAAAAAAA',
    current: true,
    person: { id: '100000000000000000001', email: 'person1@example.org' },
    device: { browser: 'Firefox', os: 'Linux', kind: 'desktop' },
    network: '198.18.0.1',
    createdAt: iso(begunAt),
    lastSeenAt: iso(begunAt),
    expiresAt: iso(begunAt + lifetimeMs),
    staySignedIn: true,
    gate: 'cookie',
  },
  csrfToken: 'x'.repeat(52),
};

const devices = Array.from({ length: 30 }, (_, i) => ({
  handle: `handle${i}`.padEnd(12, 'x'),
  name: 'Firefox on Linux',
  network: '198.18.0.1',
  signedInAt: begunAt - i * 60_000,
  lastSeenAt: begunAt - i * 30_000,
  endsAt: begunAt + lifetimeMs - i * 60_000,
  idleEndsAt: begunAt + dayMs,
}));

const cookies = [
  { label: 'Session cookie', name: '__Host-session', purpose: 'Keeps you signed in here.' },
  {
    label: 'Visitor cookie',
    name: '__Host-visitor_session_id',
    purpose: 'Remembers this browser on the public pages.',
  },
].map((cookie) => ({ ...cookie, left: '7 days left', lifetime: '7 days', share: 100 }));

const days = Array.from({ length: 14 }, (_, i) => {
  const at = new Date(begunAt - (13 - i) * dayMs);
  const label = at.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });
  return { label, iso: at.toISOString().slice(0, 10), count: i === 13 ? 1 : 0 };
});

function pageOf() {
  const now = Date.now();
  const words = { ago: (at: number) => ago(at, now), ahead: (at: number) => ahead(at, now), exact, iso };
  return { ...words, devices, cookies, days, email: me.person.email, csrfToken: me.csrfToken };
}

function meOf({ session: kept }: Request): unknown {
  return kept && Reflect.get(kept, 'me');
}

function routes(app: Express): Express {
  app
    .set('view engine', 'ejs')
    .set('views', import.meta.dirname)
    .enable('view cache');
  app.get('/api/me', (req, res) => void res.json(meOf(req) ?? me));
  for (const page of pages) app.get(`/${page}`, (_req, res) => res.render(page, pageOf()));
  return app;
}

function stock(): Express {
  const app = express();
  const client = new Redis(process.env['REDIS_URL'] ?? '');
  app.use(helmet());
  app.use(
    session({
      store: new RedisStore({ client }),
      secret: randomBytes(32).toString('hex'),
      resave: false,
      saveUninitialized: false,
      rolling: true,
      cookie: { maxAge: 604_800_000, httpOnly: true, sameSite: 'lax' },
    }),
  );
  app.get('/sign-in', (req, res) => {
    Object.assign(req.session, { me });
    res.sendStatus(204);
  });
  app.use((req, res, next) => void (meOf(req) ? next() : res.sendStatus(401)));
  return routes(app);
}

async function raw() {
  const app = routes(express());
  const rendered = new Map<string | undefined, Buffer>();
  for (const page of pages)
    app.render(page, pageOf(), (_error, markup) => rendered.set(`/${page}`, Buffer.from(markup)));
  return createServer((req, res) => {
    const page = rendered.get(req.url);
    const body = page ?? Buffer.from(JSON.stringify(me));
    res.setHeader('Content-Type', page ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8');
    res.setHeader('Content-Length', body.length);
    res.end(body);
  });
}

const peers = {
  raw,
  bare: async () => createServer(routes(express())),
  stock: async () => createServer(stock()),
};

const peer = peers[process.argv[2] as keyof typeof peers];
const server = await peer();
server.keepAliveTimeout = 120_000;
server.listen(Number(process.env['PORT']), '127.0.0.1');
