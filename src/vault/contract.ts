// What the rest of the program may ask of the vault: names and ages, and the header of a request, but never a value.
import type { PasteRefusal } from '../../views/vault-words.ts';
import type { PersonRef } from '../audit/recorder.ts';
import type { Exported } from './browser-export.ts';
import type { Entry, EntryState, ServiceMark } from './entry.ts';
import type { Closed } from './faults.ts';

/** The `Cookie` header for requests to one host, and how to tell that the service does not take it any more. */
export type CookieAnswer =
  | {
      readonly state: 'fresh' | 'expiring';
      /** The header's value, ASCII, at most 8 KB: `a=1; b=2`. Never into a log, an error or a page. */
      readonly header: string;
      /** Notes it on the very entry that the header came from; one that was loaded meanwhile stays as it is. `reason`: a word or two for the record. */
      mark(state: ServiceMark, reason: string): Promise<void>;
    }
  | { readonly state: 'none' | 'expired' | 'refused' | 'challenged' | 'closed' };

/** What a sync needs of the vault; the root hands it over. */
export interface CookieSource {
  /**
   * The newest usable cookies for `host` (as in `URL.host`), whoever loaded them, or those of `owner` alone. One call is one entry in the record, so
   * ask once a sync and hold on to the answer. `closed`: there is no passphrase, or the vault does not open.
   * @throws RecordUnavailable, StoreUnavailable
   */
  cookieFor(host: string, owner?: string): Promise<CookieAnswer>;
}

export type Actor = PersonRef | 'terminal';

export interface Owner {
  /** A person's id, or a name that was chosen in the terminal. */
  readonly id: string;
  readonly name: string;
}

export interface Load {
  readonly owner: Owner;
  /** The service's address; its host names the entry. */
  readonly target: URL;
  readonly source: Entry['source'];
  readonly by: Actor;
}

export type LoadOutcome =
  | {
      readonly kind: 'loaded';
      readonly names: readonly string[];
      readonly leftOut: number;
      readonly expiresAt: number;
    }
  | { readonly kind: 'refused'; readonly why: PasteRefusal }
  | Closed
  | Off;

/** There is no VAULT_PASSPHRASE. */
export interface Off {
  readonly kind: 'off';
}

/** What may be shown of an entry: names and ages, never a value. */
export interface EntryView
  extends Pick<Entry, 'id' | 'owner' | 'ownerName' | 'host' | 'names' | 'source' | 'loadedAt' | 'expiresAt'> {
  readonly state: EntryState;
  /** When the service refused it, or asked for a CAPTCHA. */
  readonly markedAt: number | undefined;
}

export type VaultStatus =
  | {
      readonly kind: 'open';
      /** By host, the newest first. */
      readonly entries: readonly EntryView[];
      readonly keyId: string;
      readonly generation: number;
      readonly bound: boolean;
      /** 2: an earlier or a coming passphrase opens it as well. */
      readonly passphrases: number;
    }
  | { readonly kind: 'none' }
  | Closed
  | Off;

export interface Which {
  readonly id?: string;
  readonly owner?: string;
  readonly host?: string;
}

export type Outcome = 'done' | 'nothing' | Closed | Off;

export interface Vault extends CookieSource {
  status(): Promise<VaultStatus>;
  /** Replaces what this owner had for this host. */
  load(text: string, load: Load): Promise<LoadOutcome>;
  loadCookies(found: Exported, load: Load): Promise<LoadOutcome>;
  /** The entries of which all that is said is true; nothing said: all of them. */
  clear(which: Which, by: Actor): Promise<Outcome>;
  /** Lets it open with `next` too, until `keepPassphrase`. */
  addPassphrase(next: string, by: Actor): Promise<Outcome>;
  /** Takes away every passphrase but the one of the settings. */
  keepPassphrase(by: Actor): Promise<Outcome>;
  /** A new data key, every entry sealed anew; only the present passphrase opens it then. */
  replaceDataKey(by: Actor, options?: { readonly acceptRestored?: boolean }): Promise<Outcome>;
  /** Takes the values out of what has expired; for a timer. */
  sweep(): Promise<void>;
}
