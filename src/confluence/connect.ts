// HTTP agents that check an address when they connect to it: a name that now resolves to a private address gets no connection (DNS
// rebinding).
import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isPublicAddress } from './address.ts';
import { Unanswered } from './outcomes.ts';

/** Resolves a name to all its addresses. Tests inject one whose answers change. */
export type Resolve = (host: string, done: (error: Error | null, found: LookupAddress[]) => void) => void;

export interface Connect {
  readonly agent: (url: URL) => HttpAgent | HttpsAgent;
  /** @throws Unanswered if the URL contains a private address literally: those are never passed to a resolver. */
  check(url: URL): void;
  close(): void;
}

const resolveBySystem: Resolve = (host, done) => systemLookup(host, { all: true }, done);

export function createConnect({
  allowPrivate,
  resolve = resolveBySystem,
}: {
  readonly allowPrivate: boolean;
  readonly resolve?: Resolve | undefined;
}): Connect {
  const lookup: LookupFunction = (host, options, done) => {
    resolve(host, (error, found) => {
      // A single private address among public ones is enough to refuse: we do not control which one is used.
      const fault = error ?? (fit(found) ? null : new Unanswered('private_address'));
      if (fault) done(fault, []);
      else if (options.all) done(null, found);
      else done(null, found[0]?.address ?? '', found[0]?.family);
    });
  };
  const fit = (found: readonly LookupAddress[]) =>
    found.length > 0 && (allowPrivate || found.every(({ address }) => isPublicAddress(address)));

  const options = { keepAlive: true, maxSockets: 8, lookup };
  const plain = new HttpAgent(options);
  const secure = new HttpsAgent({ ...options, minVersion: 'TLSv1.2', rejectUnauthorized: true });
  return {
    agent: (url) => (url.protocol === 'https:' ? secure : plain),
    check(url) {
      const host = url.hostname.replace(/^\[|\]$/g, '');
      if (!allowPrivate && isIP(host) !== 0 && !isPublicAddress(host))
        throw new Unanswered('private_address');
    },
    close() {
      plain.destroy();
      secure.destroy();
    },
  };
}
