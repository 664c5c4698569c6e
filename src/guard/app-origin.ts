// Where an app is: the `url` of the apps file.
import { isLoopback } from '../config/local-addresses.ts';

export interface AppOrigin {
  /** `https://grafana.example.org`, as browsers write it. */
  readonly origin: string;
  /** Without its port; cookies do not know ports. */
  readonly host: string;
  /** A name of this machine, which people use to try things; such apps may differ by their port alone. */
  readonly isLocal: boolean;
}

const shape = /^(https?):\/\/[^/?#\\@\s]+\/?$/i;
const hostName = /^(?=.{1,253}$)[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?)*$/;

/** @returns `wrong`: the end of a sentence that begins with the URL's name */
export function parseAppOrigin(text: string): AppOrigin | { readonly wrong: string } {
  if (!/^https?:\/\//i.test(text)) return { wrong: 'must begin with `https://`' };
  if (!shape.test(text))
    return { wrong: 'must be a host and nothing else: no user, path, query or fragment' };
  const url = URL.parse(text);
  const host = url?.hostname ?? '';
  if (!url || !(hostName.test(host) || /^\[[\da-f:]+\]$/.test(host)))
    return { wrong: 'has no valid host name' };
  const isLocal = isLoopback(host) || host.endsWith('.localhost');
  if (url.protocol !== 'https:' && !isLocal) {
    return { wrong: 'must begin with `https://`; `http://` is only for `localhost`' };
  }
  return { origin: url.origin, host, isLocal };
}
