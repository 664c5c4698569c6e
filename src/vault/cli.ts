// `gatehouse vault …`: the vault from the terminal. A passphrase or a cookie comes by file, standard input or a silent question, never as an argument.
import { dirname, join } from 'node:path';
import type { Recorder } from '../audit/recorder.ts';
import type { NamedFile } from '../files/file-fault.ts';
import { FileRefused } from '../files/file-refused.ts';
import { readOrdinaryFile } from '../files/ordinary-file.ts';
import { help, type Place, readVaultArgs, type VaultTask } from './cli-options.ts';
import { closedLine, fileLines, legacyLine, loadLines, type Said, statusLines } from './cli-words.ts';
import type { Load, Vault } from './contract.ts';
import { loadCookieFile } from './cookie-file.ts';
import { openLegacy } from './legacy.ts';
import { passphraseFault } from './passphrase-rules.ts';

export interface VaultCommand {
  /** Opened once the arguments make sense. */
  open(): Promise<{ readonly vault: Vault; readonly recorder: Recorder; close(): Promise<void> }>;
  /** CONFLUENCE_URL. */
  readonly url: string | undefined;
  readonly cookieFile: string;
  /** Of this machine, for the former pipeline. */
  readonly computer: string | undefined;
  readonly user: string | undefined;
  /** Milliseconds. */
  readonly now: () => number;
  readInput(): Promise<string>;
  /** Without an echo; undefined: there is no terminal to ask on. */
  askSecret(question: string): Promise<string | undefined>;
  out(line: string): void;
  err(line: string): void;
}

/** @returns the exit code: 0 done, 1 it could not be done, 2 the command is wrong */
export async function runVaultCommand(args: readonly string[], deps: VaultCommand): Promise<number> {
  const task = readVaultArgs(args);
  if ('wrong' in task) return wrong(deps, task.wrong);
  if (task.task === 'help') {
    deps.out(help);
    return 0;
  }
  const url = 'url' in task ? (task.url ?? deps.url) : undefined;
  if ('url' in task && !(url && URL.canParse(url) && /^https?:/.test(url)))
    return wrong(deps, 'the service is not known; set CONFLUENCE_URL, or name it with --url');
  const { vault, recorder, close } = await deps.open();
  try {
    const { ok, lines } = await carryOut(task, vault, recorder, deps);
    for (const line of lines) (ok ? deps.out : deps.err)(plain(line));
    return ok ? 0 : 1;
  } finally {
    await close();
  }
}

function wrong({ err }: VaultCommand, what: string): number {
  err(`gatehouse vault: ${plain(what)}; see \`gatehouse vault --help\``);
  return 2;
}

async function carryOut(
  task: Exclude<VaultTask, { task: 'help' }>,
  vault: Vault,
  recorder: Recorder,
  deps: VaultCommand,
): Promise<Said> {
  const { now, cookieFile, readInput } = deps;
  switch (task.task) {
    case 'status': {
      const status = await vault.status();
      const said = statusLines(status, now());
      return task.json ? { ok: said.ok, lines: [JSON.stringify(status, null, 2)] } : said;
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
        'There is nothing of that in the vault.',
      );
    case 'rekey':
      return rekey(task, vault, deps);
    case 'import-legacy':
      return importLegacy(task, vault, deps);
  }
}

function loadOf({ url, owner }: Place, deps: VaultCommand, source: Load['source']): Load {
  const name = owner === 'terminal' ? 'the terminal' : owner;
  return { owner: { id: owner, name }, target: new URL(url ?? deps.url ?? ''), source, by: 'terminal' };
}

async function rekey(
  task: Extract<VaultTask, { task: 'rekey' }>,
  vault: Vault,
  { askSecret }: VaultCommand,
): Promise<Said> {
  const nothing =
    'There is nothing to do: the vault is empty, or it opens with that passphrase alone already.';
  if (task.what === 'data_key') {
    const outcome = await vault.replaceDataKey('terminal', { acceptRestored: task.acceptRestored });
    return changeLines(outcome, 'The vault has a new data key; everything in it is sealed anew.', nothing);
  }
  if (task.what === 'drop_old')
    return changeLines(
      await vault.keepPassphrase('terminal'),
      'Only the passphrase of VAULT_PASSPHRASE opens the vault now.',
      nothing,
    );
  const next = await askSecret('New passphrase (at least 12 characters): ');
  if (next === undefined)
    return failed(
      'A new passphrase is typed twice, on a terminal. Without one: `node generate-secrets.ts --rotate vault --yes`.',
    );
  const fault = passphraseFault(next);
  if (fault) return failed(`Nothing was changed: the passphrase ${fault}.`);
  if ((await askSecret('The same once more: ')) !== next)
    return failed('Nothing was changed: the two are not the same.');
  return changeLines(
    await vault.addPassphrase(next, 'terminal'),
    "Both passphrases open the vault now. Write the new one into .env, in single quotes: VAULT_PASSPHRASE='…'. Restart Gatehouse, then run `gatehouse vault rekey --drop-old`.",
    nothing,
  );
}

async function importLegacy(
  task: Extract<VaultTask, { task: 'import-legacy' }>,
  vault: Vault,
  deps: VaultCommand,
): Promise<Said> {
  const { computer = deps.computer, user = deps.user, path } = task;
  if (computer === undefined || user === undefined)
    return failed('Give COMPUTERNAME and USERNAME of the machine that sealed it with --computer and --user.');
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
  const advice = `${path} and its salt are as they were. Delete both: whoever knows the two names can open them.`;
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

/** What people and files named cannot steer the terminal. */
function plain(line: string): string {
  return line.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (letter) => (letter === '\n' ? letter : '?'));
}
