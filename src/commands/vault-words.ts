// What `gatehouse vault …` prints: names, ages and what to do; never a value.
import { ago, ahead } from '../../views/format.ts';
import { refusalWords } from '../../views/vault-words.ts';
import { fileWords } from '../files/file-fault.ts';
import type { LoadOutcome, VaultStatus } from '../vault/contract.ts';
import type { CookieFileOutcome } from '../vault/cookie-file.ts';
import { type Closed, faultWords } from '../vault/faults.ts';
import type { LegacyFault } from '../vault/legacy.ts';
import { vaultFileName } from '../vault/vault-file.ts';

/** Lines, and whether all is as it was asked for. */
export interface Said {
  readonly ok: boolean;
  readonly lines: readonly string[];
}

const noPassphrase =
  'There is no vault: VAULT_PASSPHRASE is not set; `node generate-secrets.ts` creates one in .env.';
const empty = 'The vault is empty.';

export function closedLine({ fault, why }: Pick<Closed, 'fault' | 'why'>): string {
  const words = why ? fileWords({ path: vaultFileName, setting: 'DATA_DIR' }, why) : faultWords[fault];
  return `The vault does not open: ${words}. Nothing was changed.`;
}

export function statusLines(status: VaultStatus, now: number): Said {
  switch (status.kind) {
    case 'off':
      return { ok: false, lines: [noPassphrase] };
    case 'closed':
      return { ok: false, lines: [closedLine(status)] };
    case 'none':
      return { ok: true, lines: [empty] };
    case 'open': {
      const { keyId, generation, bound, passphrases, entries } = status;
      const key = `Key ${keyId}, generation ${generation}, ${bound ? 'bound to this machine' : 'not bound to a machine'}.`;
      const second =
        'A second passphrase opens it too; `gatehouse vault rekey --drop-old` removes it and keeps the one of .env.';
      const rows = entries.map(
        (entry) =>
          `${entry.host}  ${entry.state}  ${entry.names.length} cookies of ${entry.ownerName}, loaded ${ago(entry.loadedAt, now)}, ${
            entry.state === 'expired'
              ? `expired ${ago(entry.expiresAt, now)}`
              : `ends ${ahead(entry.expiresAt, now)}`
          }: ${entry.names.join(' ')}`,
      );
      return {
        ok: true,
        lines: [...(rows.length > 0 ? rows : [empty]), key, ...(passphrases > 1 ? [second] : [])],
      };
    }
  }
}

export function loadLines(outcome: LoadOutcome, host: string, now: number): Said {
  switch (outcome.kind) {
    case 'off':
      return { ok: false, lines: [noPassphrase] };
    case 'closed':
      return { ok: false, lines: [closedLine(outcome)] };
    case 'refused':
      return { ok: false, lines: [`Nothing was loaded. ${refusalWords(outcome.why)}`] };
    case 'loaded': {
      const { names, leftOut, expiresAt } = outcome;
      const others = leftOut > 0 ? ` ${leftOut} others were left out: expired, or for other hosts.` : '';
      return {
        ok: true,
        lines: [
          `${names.length} ${names.length === 1 ? 'cookie' : 'cookies'} for ${host} stored in the vault, expiring ${ahead(expiresAt, now)}: ${names.join(' ')}.${others}`,
        ],
      };
    }
  }
}

const fileFaults = {
  unreadable: 'cannot be read; check its owner and mode, and that it is not a link',
  not_a_file: 'is not a file',
  too_big: 'is larger than 256 KB; paste one request only',
  cannot_make: 'cannot be created; check the owner and mode of its folder',
} as const;

export function fileLines(outcome: CookieFileOutcome, path: string, host: string, now: number): Said {
  if (outcome.kind === 'file') return { ok: false, lines: [`${path} ${fileFaults[outcome.fault]}.`] };
  if (outcome.kind === 'made')
    return {
      ok: true,
      lines: [`${path} was created: paste the cookies into it as it says, then run this again.`],
    };
  const said = loadLines(outcome, host, now);
  if (outcome.kind === 'refused' && outcome.why.kind === 'empty')
    return {
      ok: false,
      lines: [`There are no cookies in ${path}: paste them into it as it says, then run this again.`],
    };
  if (outcome.kind !== 'loaded') return said;
  const emptied = {
    yes: `They were removed from ${path}.`,
    changed_meanwhile: `${path} was changed meanwhile, so it was left as it is: run this again.`,
    no: `They could not be removed from ${path}: delete them there yourself.`,
  }[outcome.emptied];
  return { ok: outcome.emptied === 'yes', lines: [...said.lines, emptied] };
}

const legacyFaults = {
  salt: 'The salt does not have 16 bytes: give the right file with --salt.',
  other_names:
    'It does not open with these names, or it is damaged: use --computer and --user to give COMPUTERNAME and USERNAME of the machine that encrypted it.',
  content: 'It opens, but does not contain cookies of the former pipeline.',
  expired: 'Its cookies have expired: load new ones instead.',
} as const;

export function legacyLine(fault: LegacyFault): string {
  return `Nothing was imported. ${fault.kind === 'cookies' ? refusalWords(fault.why) : legacyFaults[fault.kind]}`;
}
