// What the generator prints about a run: one line per fact, each fault with its fix, and never a secret.
import { named } from '../files/file-refused.ts';
import { markOf } from './dates.ts';
import type { ReadFault } from './disk.ts';
import type { EnvFault } from './env-file.ts';
import { type Use, uses } from './kinds.ts';
import { type Ended, isReal, type Report, type Step } from './report.ts';
import { peopleLine } from './step-words.ts';
import { vaultCommands } from './vault-by-hand.ts';

/** What no command can do after secrets were stolen, most important first: one line per step, unnumbered. */
const emergencyChecklist: readonly string[] = [
  'Load the new secrets now: until then the stolen ones still work.',
  'Google, the OAuth client (https://console.cloud.google.com/apis/credentials): add a new client secret, enter it as OAUTH2_PROXY_CLIENT_SECRET, load it, then disable and delete the old one.',
  'Google, each operator (https://myaccount.google.com/connections and https://myaccount.google.com/security-checkup): remove connections and devices that nobody recognises.',
  'The allow-list (EMAILS_FILE) and OAUTH2_PROXY_EMAIL_DOMAINS: is everyone on it who should be, and nobody else?',
  'ADMIN_EMAILS: only those who are operators today.',
  'The record: check what happened since the secrets may have been stolen. Anyone who had SECRET_KEY could forge later entries: compare it with a checkpoint that was kept elsewhere.',
  'Redis: restart it with its new password. If others use it too, or REDIS_URL has another password, change that as well.',
  'NOTIFY_WEBHOOK_SECRET and NOTIFY_WEBHOOK_URL, CONFLUENCE_API_TOKEN: create new ones where they come from. They were in the same file.',
  'The vault: anyone who had the file could read its cookies. Sign out at the services that they are for, and load new ones.',
  'Backups: delete the copy of .env that this run made, older copies and images that hold the stolen secrets.',
  'Find out how the secrets were stolen before everyone comes back.',
];

/** For sessions that this run could not reach. The container can reach them, as long as it still runs with the former settings. */
const endInCompose = 'docker compose exec app node src/main.ts sessions revoke --all --yes';

const headlines: Record<Report['outcome'], string> = {
  created: 'made',
  changed: 'changed',
  unchanged: 'nothing to change',
  'would-create': 'would be created',
  'would-change': 'would be changed',
  declined: 'left as it was',
};

/** The lines around those of the steps: first what happened to the file, then what is left to do. */
export function reportLines(report: Report): { readonly first: string; readonly last: readonly string[] } {
  const { outcome, path, tightened, byHand, recordKeysLost, vault, ended } = report;
  const isPlan = outcome === 'would-create' || outcome === 'would-change';
  const lost =
    recordKeysLost === 1 ? 'the oldest key is dropped' : `the oldest ${recordKeysLost} keys are dropped`;
  const last = [
    tightened && `Others could read it: its mode ${isPlan ? 'would be' : 'is'} 0600 now.`,
    ...backupLines(report),
    recordKeysLost > 0 &&
      outcome !== 'declined' &&
      `AUDIT_KEY_FALLBACKS is full: ${lost}, and the record’s entries of that time can no longer be verified.`,
    vault === 'unfinished' &&
      'The vault opens with the new passphrase, but the rotation could not be finished: run this again.',
    vault === 'not here' &&
      'There is no vault next to this file. If there is one in a container’s volume, add the new passphrase there before the new secrets are loaded: docs/vault.md.',
    (vault === 'changed' || vault === 'unfinished') &&
      'A running app keeps using the vault’s key that it holds in memory until it has the new secrets.',
    ...(ended ? endedLines(ended) : []),
    ...(outcome === 'changed' ? useLines(usesOf(report.steps)) : []),
    ...(vault === 'elsewhere'
      ? [
          'ATTENTION: the vault in the app’s volume does not have the new passphrase yet. If it is not empty, run this instead, in this order:',
          ...vaultCommands(report.emergency).map((line) => `  ${line}`),
        ]
      : []),
    ...(byHand.length > 0 ? ['Left for you to do:', ...byHand.map((line) => `  ${line}`)] : []),
    ...(report.emergency && outcome !== 'declined'
      ? ['After an emergency:', ...emergencyChecklist.map((line, index) => `  ${index + 1}. ${line}`)]
      : []),
  ];
  return { first: `${path}: ${headlines[outcome]}`, last: last.filter((line) => typeof line === 'string') };
}

function backupLines({ backup, olderBackupsGone = 0, emergency }: Report): string[] {
  if (backup === undefined) return [];
  const gone = olderBackupsGone === 1 ? 'The older copy is removed.' : 'The older copies are removed.';
  return [
    emergency
      ? `ATTENTION: ${backup} still contains the STOLEN secrets: delete it as soon as everything works.`
      : `Previous file: ${backup} (it contains the former secrets: delete it once everything works)`,
    ...(olderBackupsGone > 0 ? [gone] : []),
  ];
}

function endedLines({ sessions, gate }: Ended): string[] {
  const isMissing = sessions === 'unreachable' || gate === 'unreachable';
  return [
    sessions === 'unreachable'
      ? 'The app’s sessions could not be reached from here: they end when the app has the new SECRET_KEY.'
      : `${sessions} ${sessions === 1 ? 'session' : 'sessions'} of the app ended.`,
    gate === 'unreachable'
      ? 'The gate’s sessions could not be reached from here: they end when oauth2-proxy has its new secret.'
      : gate === 'in cookies'
        ? 'The gate keeps its sessions in cookies: they are worthless when oauth2-proxy has its new secret.'
        : `${gate} ${gate === 1 ? 'session' : 'sessions'} at the gate deleted.`,
    ...(isMissing ? [`With Compose, before the new secrets are loaded: ${endInCompose}`] : []),
  ];
}

/** In an order in which no request is refused. */
function useLines(wanted: readonly Use[]): string[] {
  if (wanted.length === 0) return [];
  const [only] = wanted;
  const byHand =
    wanted.length === 1 && only !== undefined
      ? `, or ${only}.`
      : `. Without Compose, in this order: ${wanted.join(', ').replace(/, ([^,]+)$/, ', then $1')}.`;
  return [`To use them: docker compose up -d${byHand}`, 'Until then the former secrets are in use.'];
}

/** What makes the running parts use what changed, in order. */
function usesOf(steps: readonly Step[]): Use[] {
  const changed = steps.filter(({ action }) => action === 'made' || action === 'rotated');
  const wanted = uses.filter((use) => changed.some(({ kind }) => kind.uses.includes(use)));
  return wanted.includes('restart the app') ? wanted.filter((use) => use !== 'send the app SIGHUP') : wanted;
}

export function reportJson(report: Report): string {
  const { outcome, path, backup, tightened, byHand, steps, people, recordKeysLost, emergency } = report;
  const secrets = steps.map((step) => ({
    name: step.kind.name,
    action: step.action,
    people: peopleLine(step, people),
    before: step.former === undefined ? null : (markOf(step.former) ?? null),
    fingerprint:
      step.secret && (isReal(report) || step.action === 'kept') ? (markOf(step.secret) ?? null) : null,
    formerKept: step.formerKept,
    formers: step.formers.map(({ secret, fate, canGoFrom }) => ({
      fingerprint: markOf(secret) ?? null,
      fate,
      canGoFrom: canGoFrom ?? null,
    })),
    copies: step.copies,
  }));
  const body = {
    outcome,
    file: path,
    backup: backup ?? null,
    olderBackupsGone: report.olderBackupsGone ?? 0,
    tightened,
    secrets,
    use: outcome === 'changed' ? usesOf(steps) : [],
    people: people ?? null,
    recordKeysLost,
    vault: report.vault ?? null,
    vaultCommands: report.vault === 'elsewhere' ? vaultCommands(emergency) : [],
    ended: report.ended ?? null,
    byHand,
    checklist: emergency && outcome !== 'declined' ? emergencyChecklist : [],
  };
  return JSON.stringify(body, null, 2);
}

/** @param isMissing the file has no passphrase */
export function closedVaultLine(path: string, isMissing: boolean): string {
  const fault = isMissing
    ? 'there is a vault, but no VAULT_PASSPHRASE to open it'
    : 'the vault does not open with this VAULT_PASSPHRASE';
  return `${path}: ${fault}: enter the one that it was created with, or move the vault away and load its cookies again; nothing was changed`;
}

export function dayToComeLine(path: string, day: string): string {
  return `${path}: SECRET_DATES has ${day}, which is in the future: is the clock of this machine right? If it is, remove that pair from SECRET_DATES (a secret without a date counts from today) and prune again; nothing was changed`;
}

/** An error of the file system or SQLite about the lock, before anything was done. */
export function lockFaultLine(path: string, error: unknown): string {
  const { message } = named({ path: `${path}.lock` }, error) as Error;
  return `The lock next to the file cannot be acquired: ${message}. If no other run is active, it can be deleted; nothing was changed`;
}

export function readFaultLine(path: string, fault: ReadFault): string {
  const words: Record<ReadFault, string> = {
    symlink: 'is a symbolic link: name the file itself with --env',
    directory: 'is a folder: name a file with --env',
    'not-a-file': 'is not a regular file',
    'not-utf8': 'is not UTF-8 text: save it as UTF-8 first',
    'too-big': 'is over 1 MB: is it the right file?',
    'not-yours': 'belongs to another user: run this as that user',
    'no-folder': 'is in a folder that does not exist: create the folder first',
    'no-access': 'cannot be read: check its mode and who owns it',
  };
  return `${path} ${words[fault]}; nothing was changed`;
}

export function editFaultLine(path: string, { line, name, reason }: EnvFault): string {
  const words: Record<EnvFault['reason'], string> = {
    'byte-order-mark': 'the file starts with a byte-order mark: save it as UTF-8 without one',
    duplicate: `${name} is set more than once: keep one of them`,
    'unclosed-quote': `the quote of ${name} is not closed, or text follows it`,
    'multi-line': `${name} spans several lines: put it on one`,
    'hidden-in-multi-line': `${name} is inside the value of another variable: is a quote left open above?`,
    'not-quotable': `the value of ${name} cannot be written so that every program reads it the same: replace its quotes by hand`,
    'not-editable': `${name} would be read differently after the change: check the quotes near this line`,
  };
  return `${path}:${line}: ${words[reason]}; nothing was changed`;
}
