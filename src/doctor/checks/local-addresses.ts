// What counts as this machine, or as a neighbour that no foreign wire lies before.
import { isIP } from 'node:net';

export function isLoopback(host: string): boolean {
  return ['localhost', '::1', '[::1]'].includes(host) || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** A name without a dot is a neighbour in a container network. */
export function isNear(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '');
  return isLoopback(bare) || (isIP(bare) === 0 && !bare.includes('.'));
}

/** Whether a URL leads to this machine. */
export function isLocal(url: string): boolean {
  return isLoopback(URL.parse(url)?.hostname ?? '');
}
