// What the rest of the program may ask the vault for: names, ages and a request header, but never a value.
import type { PasteRefusal } from '../../views/vault-words.ts';
import type { PersonRef } from '../audit/recorder.ts';
import type { Exported } from './browser-export.ts';
import type { Entry, EntryState, ServiceMark } from './entry.ts';
import type { Closed } from './faults.ts';

/** The `Cookie` header for requests to one host, and a way to report that the service no longer accepts it. */
export type CookieAnswer =
  | {
      readonly state: 'fresh' | 'expiring';
      /** The header's value, ASCII, at most 8 KB: `a=1; b=2`. Must never reach a log, an error or a page. */
      readonly header: string;
      /**
       * Marks the entry that the header came from; an entry loaded since then is not marked. `reason`: a word or two for the record.
       */
      mark(state: ServiceMark, reason: string): Promise<void>;
    }
  | { readonly state: 'none' | 'expired' | 'refused' | 'challenged' | 'closed' };

/** What a sync needs from the vault; passed in by the wiring. */
export interface CookieSource {
  /**
   * The newest usable cookies for `host` (as in `URL.host`), from any owner, or only those of `owner`. Each call writes one entry to
   * the record,
   * so call it once per sync and keep the answer. `closed`: there is no passphrase, or the vault does not open.
   * @throws RecordUnavailable, StoreUnavailable
   */
  cookieFor(host: string, owner?: string): Promise<CookieAnswer>;
}

export type Actor = PersonRef | 'terminal';

export interface Owner {
  /** A person's id, or a name chosen in the terminal. */
  readonly id: string;
  readonly name: string;
}

export interface Load {
  readonly owner: Owner;
  /** The service's address; the entry is stored under its host. */
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

/** VAULT_PASSPHRASE is not set. */
export interface Off {
  readonly kind: 'off';
}

/** What may be shown about an entry: names and ages, never a value. */
export interface EntryView
  extends Pick<Entry, 'id' | 'owner' | 'ownerName' | 'host' | 'names' | 'source' | 'loadedAt' | 'expiresAt'> {
  readonly state: EntryState;
  /** When the service refused the cookies or asked for a CAPTCHA. */
  readonly markedAt: number | undefined;
}

export type VaultStatus =
  | {
      readonly kind: 'open';
      /** By host, newest first. */
      readonly entries: readonly EntryView[];
      readonly keyId: string;
      readonly generation: number;
      readonly bound: boolean;
      /** 2: a previous or upcoming passphrase opens it too. */
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
  /** Replaces this owner's entry for this host. */
  load(text: string, load: Load): Promise<LoadOutcome>;
  loadCookies(found: Exported, load: Load): Promise<LoadOutcome>;
  /** Removes the entries that match every given condition; with no condition, all of them. */
  clear(which: Which, by: Actor): Promise<Outcome>;
  /** Also lets the vault open with `next`, until `keepPassphrase`. */
  addPassphrase(next: string, by: Actor): Promise<Outcome>;
  /** Removes every passphrase except the one in the settings. */
  keepPassphrase(by: Actor): Promise<Outcome>;
  /** Creates a new data key and reseals every entry; afterwards only the current passphrase opens the vault. */
  replaceDataKey(by: Actor, options?: { readonly acceptRestored?: boolean }): Promise<Outcome>;
  /** Removes the values of expired entries; called by a timer. */
  sweep(): Promise<void>;
}
