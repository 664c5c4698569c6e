// What Gatehouse is compared with, one process each: `node bench/peers.ts raw|bare|stock`, on `PORT`, stock with `REDIS_URL`. The same
// JSON and the same page of 30 rows; only stock has sessions. The page is an EJS view, as in a typical Express app.
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { RedisStore } from 'connect-redis';
import express, { type Express, type Request } from 'express';
import session from 'express-session';
import helmet from 'helmet';
import { Redis } from 'ioredis';
import { ago, ahead, exact } from '../views/format.ts';

const begunAt = Date.now();
const iso = (at: number) => new Date(at).toISOString();

const me = {
  person: { id: '100000000000000000001', email: 'person1@example.org', operator: false },
  session: {
    handle: 'AAAAAAAAAAAA',
    device: { browser: 'Firefox', os: 'Linux', kind: 'desktop' },
    network: '192.0.2.1',
    signedInAt: iso(begunAt),
    lastSeenAt: iso(begunAt),
    endsAt: iso(begunAt + 604_800_000),
  },
  csrfToken: 'x'.repeat(54),
};

const devices = Array.from({ length: 30 }, (_, i) => ({
  handle: `handle${i}`,
  name: 'Firefox on Linux',
  network: '192.0.2.1',
  signedInAt: begunAt - i * 60_000,
  lastSeenAt: begunAt - i * 30_000,
  endsAt: begunAt + 604_800_000 - i * 60_000,
}));

function pageOf() {
  const now = Date.now();
  const words = { ago: (at: number) => ago(at, now), ahead: (at: number) => ahead(at, now), exact, iso };
  return { ...words, devices, email: me.person.email, csrfToken: me.csrfToken };
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
  app.get('/devices', (_req, res) => res.render('devices', pageOf()));
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
    Object.assign(req.session, { me, filling: 'x'.repeat(250) });
    res.sendStatus(204);
  });
  app.use((req, res, next) => void (meOf(req) ? next() : res.sendStatus(401)));
  return routes(app);
}

async function raw() {
  const { promise: rendered, resolve } = Promise.withResolvers<string>();
  routes(express()).render('devices', pageOf(), (_error, markup) => resolve(markup));
  const page = Buffer.from(await rendered);
  return createServer((req, res) => {
    const isPage = req.url === '/devices';
    const body = isPage ? page : Buffer.from(JSON.stringify(me));
    res.setHeader('Content-Type', isPage ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8');
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
