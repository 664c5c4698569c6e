// A stand-in for Confluence, written from Atlassian's documentation, Cloud or Data Center, so that a sync can be tried and tested
// without an account. Loopback only; forgets everything when it ends.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { type Content, createContent, fillContent } from './confluence-content.ts';
import { type Asked, answerV1, type Reply } from './confluence-v1.ts';
import { answerV2 } from './confluence-v2.ts';

/** What it answers instead. `hang`: never. `drip`: a little at a time, without end. `cut`: half of it. */
export type Trouble =
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string | Uint8Array;
    }
  | 'hang'
  | 'drip'
  | 'cut';

export interface Seen {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly cookie: string | undefined;
}

export interface StandInForConfluence {
  /** For `CONFLUENCE_URL`. */
  readonly url: string;
  /** Where Cloud actually serves attachments, as in `URL.host`. */
  readonly mediaHost: string;
  readonly content: Content;
  /** Values of `Authorization` and `Cookie` that it accepts, and whose they are. */
  readonly accounts: Map<string, string>;
  /** Whether it shows everything to everyone, as sites with anonymous access do. */
  open: boolean;
  /** Called before each answer, with the path below the configured address. */
  trouble: ((path: string, number: number) => Trouble | undefined | Promise<Trouble | undefined>) | undefined;
  /** Every request so far, except those for bytes at the media host. */
  readonly seen: Seen[];
  readonly mediaSeen: Seen[];
  close(): Promise<void>;
}

export interface StandInOptions {
  readonly kind: 'cloud' | 'data-center';
  readonly port?: number;
  readonly now?: () => number;
  /** Share of the two thousand pages; 1 by default. */
  readonly share?: number;
}

export async function startConfluence({
  kind,
  port = 0,
  now = Date.now,
  share = 1,
}: StandInOptions): Promise<StandInForConfluence> {
  const isCloud = kind === 'cloud';
  const context = isCloud ? '/wiki' : '/confluence';
  const content = createContent(now);
  fillContent(content, share);
  const seen: Seen[] = [];
  const mediaSeen: Seen[] = [];
  const server = createServer((req, res) => void answer(req, res).catch(() => res.destroy()));
  const media = createServer((req, res) => {
    mediaSeen.push(seenOf(req));
    const id = new URL(req.url ?? '/', 'http://media').searchParams.get('file') ?? '';
    const file = content.attachments.get(id);
    if (file) res.writeHead(200, { 'content-type': file.mediaType }).end(file.bytes);
    else res.writeHead(404).end();
  });
  const origin = `http://127.0.0.1:${await listen(server, port)}`;
  const mediaHost = `127.0.0.1:${await listen(media, 0)}`;

  const standIn: StandInForConfluence = {
    url: `${origin}${context}`,
    mediaHost,
    content,
    accounts: new Map(),
    open: false,
    trouble: undefined,
    seen,
    mediaSeen,
    async close() {
      for (const one of [server, media]) {
        const closed = new Promise((resolve) => one.close(resolve));
        one.closeAllConnections();
        await closed;
      }
    },
  };

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = new URL(req.url ?? '/', origin);
    const path = url.pathname.startsWith(`${context}/`) ? url.pathname.slice(context.length) : '';
    seen.push(seenOf(req));
    const trouble = await standIn.trouble?.(path, seen.length);
    if (trouble === 'hang') return;
    if (trouble === 'drip') {
      res.writeHead(200, { 'content-type': 'application/json' });
      const timer = setInterval(() => res.write(' '), 20);
      res.once('close', () => clearInterval(timer));
      return;
    }
    if (trouble === 'cut') {
      res
        .writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
        .write('{"results":[');
      setImmediate(() => res.destroy());
      return;
    }
    if (trouble) {
      res.writeHead(trouble.status, trouble.headers).end(trouble.body);
      return;
    }
    const { authorization, cookie } = req.headers;
    const account = standIn.accounts.get(authorization ?? cookie ?? '');
    const reply =
      account === undefined && !standIn.open
        ? strangers(isCloud, authorization !== undefined)
        : replyTo({ path, query: url.searchParams, context, origin, content, now: now(), account, isCloud });
    send(req, res, reply, isCloud ? {} : { 'x-ausername': account ?? 'anonymous' });
  }

  function replyTo(asked: Asked): Reply {
    const { path } = asked;
    const rest = /^\/rest\/api\/content\/\d+\/child\/attachment\/(att\d+)\/download$/.exec(path);
    if (isCloud && rest) {
      const location = `http://${mediaHost}/file?file=${rest[1]}&token=short-lived`;
      return { status: 302, headers: { location } };
    }
    if (path.startsWith('/download/attachments/')) {
      const [, page, name] = /^\/download\/attachments\/(\d+)\/(.+)$/.exec(path) ?? [];
      const title = decodeURIComponent(name ?? '');
      const file = [...content.attachments.values()].find((one) => one.page === page && one.title === title);
      return file
        ? { status: 200, headers: { 'content-type': file.mediaType }, bytes: file.bytes }
        : { status: 404, json: {} };
    }
    if (isCloud && path.startsWith('/api/v2/')) return answerV2(asked);
    return answerV1(asked);
  }
  return standIn;
}

function strangers(isCloud: boolean, withPassword: boolean): Reply {
  return {
    status: 401,
    headers: {
      'www-authenticate': isCloud ? 'OAuth realm="stand-in"' : 'Basic realm="protected-area"',
      ...(withPassword && !isCloud && { 'x-seraph-loginreason': 'AUTHENTICATED_FAILED' }),
    },
    json: { statusCode: 401, message: 'You are not permitted to access this resource' },
  };
}

function send(
  req: IncomingMessage,
  res: ServerResponse,
  { status, headers, json, bytes }: Reply,
  more: Record<string, string>,
): void {
  if (json === undefined) {
    res.writeHead(status, { ...more, ...headers }).end(bytes);
    return;
  }
  const text = JSON.stringify(json);
  const packs = /\bgzip\b/.test(String(req.headers['accept-encoding'])) && text.length > 2000;
  res
    .writeHead(status, {
      'content-type': 'application/json;charset=UTF-8',
      ...(packs && { 'content-encoding': 'gzip' }),
      ...more,
      ...headers,
    })
    .end(packs ? gzipSync(text, { level: 1 }) : text);
}

function seenOf({ url = '', headers }: IncomingMessage): Seen {
  return { path: url, authorization: headers.authorization, cookie: headers.cookie };
}

function listen(server: ReturnType<typeof createServer>, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' ? (address?.port ?? port) : port);
    });
  });
}
