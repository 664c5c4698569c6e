// Answers requests that the HTTP parser rejects, before there is a request object: plain words for headers that are too large, a bare
// status otherwise.
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from './log.ts';

export const headerLimitBytes = 32_768;

/** By Node.js's error code; everything else is 400. */
const statuses: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

const tellAgainMs = 10_000;
/** A client that is still sending would lose the response if the connection were closed immediately. */
const lingerMs = 1_000;

const tooLarge = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Too many cookies</title>
<h1>Your browser sends more than this site can read</h1>
<p>The cookies of this site have grown too large, so the request was not read and nothing was changed.</p>
<p>Clear the cookies of this site in your browser, then sign in again. If this comes back, tell whoever runs this site: with
oauth2-proxy’s sessions in Redis the cookies stay small.</p>
</html>
`;

const tooLargeAnswer = [
  `HTTP/1.1 431 ${STATUS_CODES[431]}`,
  'Connection: close',
  `Content-Length: ${Buffer.byteLength(tooLarge)}`,
  'Content-Type: text/html; charset=utf-8',
  'Cache-Control: no-store',
  'X-Content-Type-Options: nosniff',
  "Content-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  '',
  tooLarge,
].join('\r\n');

/**
 * A listener for a server's `clientError`. Logs at most one line in ten seconds with the number of requests whose headers were too
 * large.
 */
export function refuseUnreadable(logger: Logger): (error: NodeJS.ErrnoException, socket: Duplex) => void {
  let times = 0;
  let toldAt = Number.NEGATIVE_INFINITY;
  return (error, socket) => {
    const status = statuses[error.code ?? ''] ?? 400;
    if (status === 431) {
      times++;
      if (performance.now() - toldAt >= tellAgainMs) {
        logger.warn({
          event: 'request.headers_too_large',
          limitBytes: headerLimitBytes,
          times,
          meaning:
            'a browser sends more cookies than can be read; keep the gate’s sessions in Redis, or clear the cookies',
        });
        toldAt = performance.now();
        times = 0;
      }
    }
    if (!socket.writable || isAnswering(socket)) {
      socket.destroy();
      return;
    }
    if (status !== 431) {
      socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`, () =>
        socket.destroy(),
      );
      return;
    }
    socket.end(tooLargeAnswer);
    setTimeout(() => socket.destroy(), lingerMs).unref();
  };
}

/** Whether a response to an earlier request is being sent: another header block inside it would be read as its body. */
function isAnswering(socket: Duplex & { readonly _httpMessage?: { readonly headersSent: boolean } | null }) {
  return socket._httpMessage?.headersSent === true;
}
