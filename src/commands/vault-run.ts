// What `gatehouse vault` does.
import { dirname, join } from 'node:path';
import type { Recorder } from '../audit/recorder.ts';
import { passphraseFault } from '../config/secret-strength.ts';
import type { NamedFile } from '../files/file-fault.ts';
import { FileRefused } from '../files/file-refused.ts';
import { readOrdinaryFile } from '../files/ordinary-file.ts';
import type { Load, Vault, VaultStatus } from '../vault/contract.ts';
import { loadCookieFile } from '../vault/cookie-file.ts';
import { openLegacy } from '../vault/legacy.ts';
import type { AskSecret } from './question.ts';
import { closedLine, fileLines, legacyLine, loadLines, type Said, statusLines } from './vault-words.ts';

export interface Place {
  readonly url: string | undefined;
  readonly owner: string;
}

export type VaultTask =
  | { readonly task: 'status'; readonly json: boolean }
  | ({ readonly task: 'load'; readonly fromInput: boolean } & Place)
  | { readonly task: 'clear'; readonly which: { readonly host?: string; readonly owner?: string } }
  | { readonly task: 'rekey'; readonly what: 'passphrase' | 'drop_old' }
  | { readonly task: 'rekey'; readonly what: 'data_key'; readonly acceptRestored: boolean }
  | ({
      readonly task: 'import-legacy';
      readonly path: string;
      readonly salt: string | undefined;
      readonly computer: string | undefined;
      readonly user: string | undefined;
    } & Place);

export interface VaultParts {
  /** Opened only if the arguments are valid. */
  open(): Promise<{ readonly vault: Vault; readonly recorder: Recorder; close(): Promise<void> }>;
  /** CONFLUENCE_URL. */
  readonly url: string | undefined;
  readonly cookieFile: string;
  /** This machine's name, for files of the former pipeline. */
  readonly computer: string | undefined;
  readonly user: string | undefined;
  /** Milliseconds. */
  readonly now: () => number;
  readInput(): Promise<string>;
  readonly askSecret: AskSecret;
}

/** `ok`: everything was done as requested. */
export async function carryOut(
  task: VaultTask,
  vault: Vault,
  recorder: Recorder,
  deps: VaultParts,
): Promise<Said | { readonly ok: boolean; readonly json: VaultStatus }> {
  const { now, cookieFile, readInput } = deps;
  switch (task.task) {
    case 'status': {
      const status = await vault.status();
      const said = statusLines(status, now());
      return task.json ? { ok: said.ok, json: status } : said;
    }
    case 'load': {
      const load = loadOf(task, deps, task.fromInput ? 'terminal' : 'file');
      const { host } = load.target;
      if (task.fromInput) return loadLines(await vault.load(await readInput(), load), host, now());
      const outcome = await loadCookieFile({ path: cookieFile, vault, recorder, now }, load);
      return fileLines(outcome, cookieFile, host, now());
    }
    case 'clear':
      return changeLines(
        await vault.clear(task.which, 'terminal'),
        'Removed from the vault.',
        'The vault has no such cookies.',
      );
    case 'rekey':
      return rekey(task, vault, deps);
    case 'import-legacy':
      return importLegacy(task, vault, deps);
  }
}

function loadOf({ url, owner }: Place, deps: VaultParts, source: Load['source']): Load {
  const name = owner === 'terminal' ? 'the terminal' : owner;
  return { owner: { id: owner, name }, target: new URL(url ?? deps.url ?? ''), source, by: 'terminal' };
}

async function rekey(
  task: Extract<VaultTask, { task: 'rekey' }>,
  vault: Vault,
  { askSecret }: VaultParts,
): Promise<Said> {
  const nothing = 'There is nothing to do: the vault is empty, or only that passphrase opens it already.';
  if (task.what === 'data_key') {
    const outcome = await vault.replaceDataKey('terminal', { acceptRestored: task.acceptRestored });
    return changeLines(
      outcome,
      'The vault has a new data key, and everything in it was encrypted again.',
      nothing,
    );
  }
  if (task.what === 'drop_old')
    return changeLines(
      await vault.keepPassphrase('terminal'),
      'Now only VAULT_PASSPHRASE opens the vault.',
      nothing,
    );
  const next = await askSecret('New passphrase (at least 12 characters): ');
  if (next === undefined)
    return failed(
      'The new passphrase has to be typed twice, in a terminal. Without one: `node generate-secrets.ts --rotate vault --yes`.',
    );
  const fault = passphraseFault(next);
  if (fault) return failed(`Nothing was changed: the passphrase ${fault}.`);
  if ((await askSecret('The same again: ')) !== next)
    return failed('Nothing was changed: the two passphrases differ.');
  return changeLines(
    await vault.addPassphrase(next, 'terminal'),
    "Both passphrases open the vault now. Write the new one into .env, in single quotes: VAULT_PASSPHRASE='…'. Restart Gatehouse, then run `gatehouse vault rekey --drop-old`.",
    nothing,
  );
}

async function importLegacy(
  task: Extract<VaultTask, { task: 'import-legacy' }>,
  vault: Vault,
  deps: VaultParts,
): Promise<Said> {
  const { computer = deps.computer, user = deps.user, path } = task;
  if (computer === undefined || user === undefined)
    return failed(
      'Use --computer and --user to give COMPUTERNAME and USERNAME of the machine that encrypted it.',
    );
  const salts =
    task.salt === undefined
      ? ['.salt', 'secure_cookies.salt'].map((name) => join(dirname(path), name))
      : [task.salt];
  const sealed = readNamed({ path });
  if (typeof sealed === 'string') return failed(`${sealed}.`);
  const found = salts.map((one) => readNamed({ path: one, setting: '--salt' }));
  const salt = found.find((bytes) => typeof bytes !== 'string');
  if (!salt) return failed(`${found.join('; ')}. Name the salt with --salt.`);
  const opened = await openLegacy({ sealed, salt, computer, user }, deps.now());
  if ('kind' in opened) return failed(legacyLine(opened));
  const load = loadOf(task, deps, 'former');
  const said = loadLines(await vault.loadCookies(opened, load), load.target.host, deps.now());
  const advice = `${path} and its salt are as they were. Delete both: anyone who knows the two names can open them.`;
  return said.ok ? { ok: true, lines: [...said.lines, advice] } : said;
}

function changeLines(outcome: Awaited<ReturnType<Vault['clear']>>, done: string, nothing: string): Said {
  if (outcome === 'done') return { ok: true, lines: [done] };
  if (outcome === 'nothing') return failed(nothing);
  return outcome.kind === 'off' ? statusLines(outcome, 0) : failed(closedLine(outcome));
}

function failed(line: string): Said {
  return { ok: false, lines: [line] };
}

/** The bytes, or why they cannot be read. */
function readNamed(file: NamedFile): Buffer | string {
  try {
    return readOrdinaryFile(file);
  } catch (error) {
    if (error instanceof FileRefused) return error.message;
    throw error;
  }
}
