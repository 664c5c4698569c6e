// Sends one HTTP/1.1 request over a socket, byte for byte as the test writes it: what no well-behaved client would send.
import { connect as connectPlain } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface RawRequest {
  readonly port: number;
  /** For example `GET /health%2f.. HTTP/1.1`. */
  readonly requestLine: string;
  /** Header lines exactly as given, in this order, including duplicates; `Host` is added in front if none is given. */
  readonly headers?: readonly string[];
  readonly body?: string;
  /** The certificate to trust; absent: no TLS. */
  readonly ca?: string;
  readonly timeoutMs?: number;
}

export interface RawResponse {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  /** The first header of that name. */
  header(name: string): string | undefined;
  /** Every header of that name. */
  all(name: string): string[];
}

export function sendRaw({ port, requestLine, headers = [], body = '', ca, timeoutMs = 10_000 }: RawRequest) {
  const lines = headers.some((line) => /^host:/i.test(line))
    ? headers
    : [`Host: localhost:${port}`, ...headers];
  const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  const text = `${[requestLine, ...lines, ...length].join('\r\n')}\r\n\r\n${body}`;
  return new Promise<RawResponse>((resolve, reject) => {
    const at = { port, host: '127.0.0.1' };
    const socket = ca === undefined ? connectPlain(at) : connectTls({ ...at, ca, servername: 'localhost' });
    let received = Buffer.alloc(0);
    const finish = (closed: boolean) => {
      const found = readResponse(received, requestLine.startsWith('HEAD '), closed);
      if (!found) return;
      socket.destroy();
      resolve(found.response);
    };
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer to ${requestLine}`)));
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      finish(false);
    });
    socket.on('close', () => {
      finish(true);
      reject(new Error(`the connection closed without an answer to ${requestLine}`));
    });
    socket.write(text);
  });
}

/**
 * Reads one response from the start of `received`.
 * @param closed whether the server has closed the connection, which may end a body
 * @returns it and the number of its bytes; undefined if more data is needed
 */
export function readResponse(
  received: Buffer,
  isHead: boolean,
  closed: boolean,
): { readonly response: RawResponse; readonly length: number } | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [statusLine = '', ...lines] = received.subarray(0, end).toString('latin1').split('\r\n');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
  });
  const all = (name: string) =>
    headers.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  const header = (name: string) => all(name)[0];
  const status = Number(statusLine.split(' ')[1]);
  const start = end + 4;
  const rest = received.subarray(start);
  if (status >= 100 && status < 200) {
    const next = readResponse(rest, isHead, closed);
    return next && { response: next.response, length: start + next.length };
  }
  const bodyless = isHead || status === 204 || status === 304;
  const found = bodyless ? { body: Buffer.alloc(0), length: 0 } : bodyOf(rest, header, closed);
  return (
    found && {
      response: { status, headers, header, all, body: found.body.toString('utf8') },
      length: start + found.length,
    }
  );
}

interface Body {
  readonly body: Buffer;
  /** Of the bytes as sent. */
  readonly length: number;
}

function bodyOf(
  rest: Buffer,
  header: (name: string) => string | undefined,
  closed: boolean,
): Body | undefined {
  if (header('transfer-encoding') === 'chunked') return dechunk(rest);
  const length = Number(header('content-length') ?? (closed ? rest.length : Number.POSITIVE_INFINITY));
  return rest.length >= length ? { body: rest.subarray(0, length), length } : undefined;
}

function dechunk(rest: Buffer): Body | undefined {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = rest.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(rest.subarray(at, lineEnd).toString('latin1'), 16);
    const start = lineEnd + 2;
    if (rest.length < start + size + 2) return undefined;
    if (size === 0) return { body: Buffer.concat(chunks), length: start + 2 };
    chunks.push(rest.subarray(start, start + size));
    at = start + size + 2;
  }
}
