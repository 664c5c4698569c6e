// By which name this site was asked: its own, one that only leads to it, or this machine's.
import type { IncomingMessage } from 'node:http';

/** A name or an address, with or without a port: nothing that a parser of URLs could read in another way. */
const hostForm = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{0,5})?$/i;

/**
 * A `Host` in its one spelling: small letters, IPv6 shortened, and without the port that the scheme means anyway (RFC 9110,
 * section 4.2.3). @returns undefined for what is no host
 */
export function readHost(host: string, scheme: string): string | undefined {
  return hostForm.test(host) ? URL.parse(`${scheme}//${host}`)?.host : undefined;
}

/** Whether an `Origin` is that one, in any spelling of it. */
export function isOrigin(origin: string, own: string): boolean {
  if (origin === own) return true;
  const [, scheme = '', host = ''] = /^(https?:)\/\/([^/]*)$/.exec(origin) ?? [];
  const read = readHost(host, scheme);
  return read !== undefined && `${scheme}//${read}` === own;
}

/** This machine's own names with the port that was connected to, for scripts and health checks beside the app. */
export function isLocalHost(req: IncomingMessage, host: string | undefined): boolean {
  const port = req.socket.localPort;
  const written = port === 80 ? ['', ':80'] : [`:${port}`];
  return written.some((end) => ['localhost', '127.0.0.1', '[::1]'].some((name) => host === `${name}${end}`));
}

/** The origin that this request was sent to: one of our own, because others were refused before. */
export function ownOriginOf(req: IncomingMessage, publicOrigin: string): string {
  const { host } = req.headers;
  return isLocalHost(req, host) ? `http://${host}` : publicOrigin;
}
