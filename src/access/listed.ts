// Whether oauth2-proxy's allow-list still admits an address, asked for every request to an app: a list that was changed by hand counts from
// the next request on, although oauth2-proxy itself asks only at the sign-in and at a refresh.
import { readFileSync, statSync } from 'node:fs';
import { admittedByDomain } from './access.ts';
import { readList } from './reader.ts';

export interface ListedOptions {
  /** `EMAILS_FILE` */
  readonly path: string;
  /** oauth2-proxy's `email_domains`. */
  readonly emailDomains: readonly string[];
}

const stampMs = 2_000;

/**
 * @returns whether the list or a domain admits an address in lower case. While the list cannot be read, or has a mistake, the one before
 * counts, as it does for oauth2-proxy; if there never was one here, everyone is admitted, because only oauth2-proxy can see the list.
 */
export function createListed({ path, emailDomains }: ListedOptions): (email: string) => boolean {
  let seen: string | undefined;
  let listed: ReadonlySet<string> | undefined;

  function look(): void {
    // Costs a few microseconds; the list is only read if it changed.
    const found = statSync(path, { throwIfNoEntry: false, bigint: true });
    if (!found) return;
    const version = `${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`;
    // Within the coarsest time stamps of a file system, a file can change twice and look the same.
    const isSettled = Math.abs(Date.now() - Number(found.ctimeMs)) > stampMs;
    if (version === seen && isSettled) return;
    const reading = readList(readFileSync(path, 'utf8'));
    seen = version;
    if (reading.kind === 'records') listed = new Set(reading.records.map(({ address }) => address));
  }

  return (email) => {
    try {
      look();
    } catch {
      // Not readable at the moment.
    }
    return listed === undefined || listed.has(email) || admittedByDomain(email, emailDomains);
  };
}
