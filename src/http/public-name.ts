// Which name this site was addressed by: its own, an alias that redirects to it, or a local name of this machine.
import type { IncomingMessage } from 'node:http';

/** A name or an address, with or without a port: nothing that a URL parser could read differently. */
const hostForm = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{0,5})?$/i;

/**
 * A `Host` in its canonical form: lower case, IPv6 shortened, without the scheme's default port (RFC 9110, section 4.2.3). @returns
 * undefined if it is not a host
 */
export function readHost(host: string, scheme: string): string | undefined {
  return hostForm.test(host) ? URL.parse(`${scheme}//${host}`)?.host : undefined;
}

/** Whether `origin` is `own`, in any spelling. */
export function isOrigin(origin: string, own: string): boolean {
  if (origin === own) return true;
  const [, scheme = '', host = ''] = /^(https?:)\/\/([^/]*)$/.exec(origin) ?? [];
  const read = readHost(host, scheme);
  return read !== undefined && `${scheme}//${read}` === own;
}

/** The local names of this machine with the port of the connection, for scripts and health checks on the same machine. */
export function isLocalHost(req: IncomingMessage, host: string | undefined): boolean {
  const port = req.socket.localPort;
  const written = port === 80 ? ['', ':80'] : [`:${port}`];
  return written.some((end) => ['localhost', '127.0.0.1', '[::1]'].some((name) => host === `${name}${end}`));
}

/** The origin that this request was sent to: one of ours, because others have been refused already. */
export function ownOriginOf(req: IncomingMessage, publicOrigin: string): string {
  const { host } = req.headers;
  return isLocalHost(req, host) ? `http://${host}` : publicOrigin;
}
