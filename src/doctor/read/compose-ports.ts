// Reads the `ports` of a service in Compose's short and long forms.
import { isIP } from 'node:net';
import { isLoopback } from '../../config/local-addresses.ts';
import type { Tree } from './compose-tree.ts';

export interface PublishedPort {
  /** In the short form: `127.0.0.1:8080:80/udp`. */
  readonly text: string;
  /** Whether only this machine can reach it. */
  readonly onLoopback: boolean;
  /** `docker-compose.yml:12`. */
  readonly at: string;
}

const range = /^\d{1,5}(?:-\d{1,5})?$/;

/** @returns undefined if Compose would refuse it or read it differently */
export function portOf(item: Tree): PublishedPort | undefined {
  if (item.kind === 'map') return longPort(item.entries, item.at);
  if (item.kind !== 'text' || item.missing !== undefined) return undefined;
  return shortPort(item.text, item.at);
}

/** `[HOST:][PUBLISHED:]CONTAINER[/PROTOCOL]`; without a published port, Docker chooses one and opens it to everyone. */
function shortPort(text: string, at: string): PublishedPort | undefined {
  const [, host = '', published = '', target = ''] =
    /^(?:(?:(.*):)?([\d-]*):)?(\d[\d-]*)(?:\/(?:tcp|udp|sctp))?$/i.exec(text) ?? [];
  const isBracketed = /^\[.*\]$/.test(host);
  const bare = isBracketed ? host.slice(1, -1) : host;
  if (!isPort(target) || (published !== '' && !isPort(published))) return undefined;
  if (host !== '' && isIP(bare) !== (isBracketed ? 6 : 4)) return undefined;
  return { text, at, onLoopback: isLoopback(bare) };
}

function longPort(entries: ReadonlyMap<string, Tree>, at: string): PublishedPort | undefined {
  const parts = new Map<string, string>();
  for (const [key, value] of entries) {
    if (value.kind === 'null') continue;
    if (value.kind !== 'text' || value.missing !== undefined) return undefined;
    parts.set(key, value.text);
  }
  const [target = '', published = '', host = ''] = ['target', 'published', 'host_ip'].map(
    (key) => parts.get(key) ?? '',
  );
  if (!isPort(target) || (published !== '' && !isPort(published))) return undefined;
  const bare = /^\[.*\]$/.test(host) ? host.slice(1, -1) : host;
  if (host !== '' && isIP(bare) === 0) return undefined;
  const shown = isIP(bare) === 6 ? `[${bare}]` : bare;
  const protocol = parts.get('protocol');
  const text = `${host && `${shown}:`}${published}${published || host ? ':' : ''}${target}`;
  return { text: text + (protocol ? `/${protocol}` : ''), at, onLoopback: isLoopback(bare) };
}

function isPort(text: string): boolean {
  if (!range.test(text)) return false;
  const [first = 0, last = first] = text.split('-').map(Number);
  return first <= last && last <= 65_535;
}
