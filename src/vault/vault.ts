// The vault: sealed cookies of one owner for one host. A value leaves it only in a request header; every change is recorded first.
import type { Recorder } from '../audit/recorder.ts';
import { randomToken } from '../crypto/tokens.ts';
import type { Exported } from './browser-export.ts';
import type { Actor, EntryView, Load, LoadOutcome, Off, Outcome, Vault } from './contract.ts';
import { type Entry, headerOf, type ServiceMark, stateOf, tidy } from './entry.ts';
import type { Closed, VaultFault } from './faults.ts';
import { planToAdd, planToKeepOne, planToReplaceDataKey } from './passphrases.ts';
import { readPaste } from './paste.ts';
import { keyIdOf } from './sealed-file.ts';
import type { Contents, Draft, Plan, VaultFile } from './vault-file.ts';

export interface VaultOptions {
  readonly file: VaultFile;
  /** undefined: there is no vault. Read on each use, because a reload can change it. */
  readonly passphrase: () => string | undefined;
  readonly ttlMs: number;
  readonly recorder: Recorder;
  /** Milliseconds. */
  readonly now: () => number;
  /**
   * Expired values are removed only if they expired before this time, so that a clock that jumps removes nothing. Absent: the current
   * time.
   */
  readonly removesUntil?: () => number | Promise<number>;
}

export function createVault(options: VaultOptions): Vault {
  const { file, passphrase: present, ttlMs, recorder, now } = options;
  const removesUntil = async () => Math.min(now(), (await options.removesUntil?.()) ?? now());
  const off: Off = { kind: 'off' };

  function noteFailure({ fault }: Closed): void {
    recorder.note({ event: 'vault.failed', outcome: 'failed', reason: fault });
  }

  /** Opens the vault; if the binding setting changed, also updates the file. */
  async function open(phrase: string): Promise<Contents | 'none' | Closed> {
    const found = await file.open(phrase);
    if (found === 'none' || 'fault' in found || !file.needsRebinding(found)) return found;
    const changed = await file.change(phrase, async (contents) => {
      if (!contents || !file.needsRebinding(contents)) return undefined;
      await recorder.write({ event: 'vault.rekeyed', reason: 'binding' });
      return {};
    });
    return typeof changed === 'string' ? file.open(phrase) : changed;
  }

  /** `plan` receives tidied entries; entries that lose their values in the process are recorded. */
  async function change(
    plan: (
      entries: readonly Entry[],
      contents: Contents | undefined,
    ) => Promise<Draft | VaultFault | undefined>,
    options?: { readonly acceptRestored?: boolean },
  ): Promise<Outcome> {
    const passphrase = present();
    if (passphrase === undefined) return off;
    const outcome = await file.change(
      passphrase,
      async (contents) => {
        const tidied = contents && tidy(contents.entries, await removesUntil());
        const entries = tidied?.entries ?? contents?.entries ?? [];
        const draft = await plan(entries, contents);
        if (typeof draft === 'string') return draft;
        for (const { host, names } of tidied?.expired ?? [])
          await recorder.write({ event: 'vault.expired', facts: { host, cookies: names.length } });
        return draft || tidied ? { entries, ...draft } : undefined;
      },
      options,
    );
    if (typeof outcome === 'object') {
      noteFailure(outcome);
      return outcome;
    }
    return outcome === 'changed' ? 'done' : 'nothing';
  }

  async function loadCookies(
    { cookies, expiresAt, leftOut }: Exported,
    { owner, target, source, by }: Load,
  ): Promise<LoadOutcome> {
    const at = now();
    const entry: Entry = {
      id: randomToken(12),
      owner: owner.id,
      ownerName: owner.name,
      host: target.host,
      names: cookies.map(({ name }) => name),
      cookies: [...cookies],
      source,
      loadedAt: at,
      expiresAt: Math.min(at + ttlMs, expiresAt ?? Number.POSITIVE_INFINITY),
    };
    const event = source === 'former' ? 'vault.imported' : 'vault.loaded';
    const facts = { host: entry.host, cookies: cookies.length, source };
    const outcome = await change(async (entries) => {
      await recorder.write({ event, by, facts });
      return { entries: [...entries.filter((one) => !isOf(one, entry)), entry] };
    });
    if (typeof outcome === 'object') return outcome;
    return { kind: 'loaded', names: entry.names, leftOut, expiresAt: entry.expiresAt };
  }

  async function mark({ id, host }: Entry, state: ServiceMark, reason: string): Promise<void> {
    recorder.note({
      event: 'vault.challenged',
      outcome: 'refused',
      reason: state,
      facts: { host, answer: reason },
    });
    await change(async (entries) => {
      if (!entries.some((one) => one.id === id && !one.mark)) return undefined;
      const marked = { state, at: now(), reason };
      return { entries: entries.map((one) => (one.id === id ? { ...one, mark: marked } : one)) };
    });
  }

  async function rekey(plan: Plan, contents: Contents | undefined, by: Actor, reason: string) {
    const draft = await plan(contents);
    if (draft !== undefined && typeof draft !== 'string')
      await recorder.write({ event: 'vault.rekeyed', by, reason });
    return draft;
  }

  return {
    loadCookies,
    async load(text, load) {
      const passphrase = present();
      if (passphrase === undefined) return off;
      const found = readPaste(text, load.target, now());
      return 'kind' in found ? { kind: 'refused', why: found } : loadCookies(found, load);
    },
    async status() {
      const passphrase = present();
      if (passphrase === undefined) return off;
      const found = await open(passphrase);
      if (found === 'none') return { kind: 'none' };
      if ('fault' in found) return found;
      const entries = found.entries
        .map((entry) => viewOf(entry, now()))
        .sort((a, b) => a.host.localeCompare(b.host) || b.loadedAt - a.loadedAt);
      const { generation, slot, slots } = found;
      const keyId = keyIdOf(found.dataKey);
      return { kind: 'open', entries, keyId, generation, bound: slot.bound, passphrases: slots.length };
    },
    async cookieFor(host, owner) {
      const passphrase = present();
      if (passphrase === undefined) return { state: 'closed' };
      const found = await open(passphrase);
      if (found === 'none') return { state: 'none' };
      if ('fault' in found) {
        noteFailure(found);
        return { state: 'closed' };
      }
      const candidates = found.entries
        .filter((entry) => entry.host === host && (owner === undefined || entry.owner === owner))
        .sort((a, b) => b.loadedAt - a.loadedAt)
        .map((entry) => ({ entry, state: stateOf(entry, now()) }));
      const usable = candidates.find(({ state }) => state === 'fresh' || state === 'expiring');
      if (!usable) {
        const state = candidates[0]?.state;
        return { state: state === undefined || state === 'fresh' || state === 'expiring' ? 'none' : state };
      }
      const { entry, state } = usable;
      await recorder.write({ event: 'vault.opened', facts: { host } });
      return {
        state: state === 'expiring' ? 'expiring' : 'fresh',
        header: headerOf(entry.cookies),
        mark: (given, reason) => mark(entry, given, reason),
      };
    },
    clear: ({ id, owner, host }, by) =>
      change(async (entries) => {
        const isMeant = (entry: Entry) =>
          (id ?? entry.id) === entry.id &&
          (owner ?? entry.owner) === entry.owner &&
          (host ?? entry.host) === entry.host;
        const gone = entries.filter(isMeant);
        if (gone.length === 0) return undefined;
        const hosts = [...new Set(gone.map((entry) => entry.host))].join(' ');
        await recorder.write({ event: 'vault.cleared', by, facts: { entries: gone.length, hosts } });
        return { entries: entries.filter((entry) => !isMeant(entry)) };
      }),
    addPassphrase: (next, by) =>
      change((_entries, contents) => rekey(planToAdd(file, next), contents, by, 'passphrase_added')),
    keepPassphrase: (by) =>
      change((_entries, contents) => rekey(planToKeepOne, contents, by, 'passphrase_removed')),
    replaceDataKey: (by, options) =>
      change((_entries, contents) => rekey(planToReplaceDataKey, contents, by, 'data_key'), options),
    async sweep() {
      const passphrase = present();
      if (passphrase === undefined) return;
      const found = await open(passphrase);
      if (found !== 'none' && 'entries' in found && tidy(found.entries, await removesUntil()))
        await change(async () => undefined);
    },
  };
}

function isOf(entry: Entry, other: Pick<Entry, 'owner' | 'host'>): boolean {
  return entry.owner === other.owner && entry.host === other.host;
}

function viewOf(entry: Entry, now: number): EntryView {
  const { id, owner, ownerName, host, names, source, loadedAt, expiresAt, mark } = entry;
  return {
    id,
    owner,
    ownerName,
    host,
    names,
    source,
    loadedAt,
    expiresAt,
    state: stateOf(entry, now),
    markedAt: mark?.at,
  };
}
