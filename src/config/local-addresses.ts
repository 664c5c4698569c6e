// Which hosts are this machine, or are not reached over an untrusted network.
import { isIP } from 'node:net';

/** Whether an address or host name is this machine's loopback. */
export function isLoopback(host: string): boolean {
  return ['localhost', '::1', '[::1]'].includes(host) || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** This machine, or a name without a dot: a service in the same container network. */
export function isNear(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '');
  return isLoopback(bare) || (isIP(bare) === 0 && !bare.includes('.'));
}

/** Whether a URL points to this machine. */
export function isLocal(url: string): boolean {
  return isLoopback(URL.parse(url)?.hostname ?? '');
}
