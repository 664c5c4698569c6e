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
      const response = parse(received, requestLine.startsWith('HEAD '), closed);
      if (!response) return;
      socket.destroy();
      resolve(response);
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

/** @returns undefined if more data is needed */
function parse(received: Buffer, isHead: boolean, closed: boolean): RawResponse | undefined {
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
  if (status >= 100 && status < 200) return parse(received.subarray(end + 4), isHead, closed);
  const rest = received.subarray(end + 4);
  const bodyless = isHead || status === 204 || status === 304;
  const body = bodyless ? Buffer.alloc(0) : bodyOf(rest, header, closed);
  return body && { status, headers, header, all, body: body.toString('utf8') };
}

function bodyOf(
  rest: Buffer,
  header: (name: string) => string | undefined,
  closed: boolean,
): Buffer | undefined {
  if (header('transfer-encoding') === 'chunked') return dechunk(rest);
  const length = header('content-length');
  if (length !== undefined)
    return rest.length >= Number(length) ? rest.subarray(0, Number(length)) : undefined;
  return closed ? rest : undefined;
}

function dechunk(rest: Buffer): Buffer | undefined {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = rest.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(rest.subarray(at, lineEnd).toString('latin1'), 16);
    const start = lineEnd + 2;
    if (rest.length < start + size + 2) return undefined;
    if (size === 0) return Buffer.concat(chunks);
    chunks.push(rest.subarray(start, start + size));
    at = start + size + 2;
  }
}
