// Checks of files and their permissions: .env and its copies, the data folder, the record, and security-relevant configuration.
import type { FileFact, Files, Known } from '../deployment.ts';
import { type Check, missing, notChecked, ofFiles, quote, quoteAll, seenIf, type Verdict } from './check.ts';

/** Enough for days of ordinary use. */
const leastBytes = 64 * 1024 ** 2;

const noBits = 'this system has no file permissions';

export const fileChecks: readonly Check[] = [
  {
    id: 'files.env-mode',
    subject: 'Files',
    severity: 'high',
    good: 'Only its owner can read .env',
    why: 'It holds every secret of this deployment.',
    mend: 'chmod 600 .env',
    judge: part('env', (file) => closed(file, 0o077)),
  },
  {
    id: 'files.env-git',
    subject: 'Files',
    severity: 'high',
    good: '.env is not in git',
    why: 'Anyone who can read the repository, now or later, has every secret. Removing the file is not enough: the history keeps it.',
    mend: 'git rm --cached .env && node generate-secrets.ts --rotate all',
    judge: part('git', ({ tracked, trackedCopies }) =>
      seenIf(
        (tracked && '.env is in git’s index.') ||
          (trackedCopies.length > 0 && `In git’s index: ${quoteAll(trackedCopies)}.`),
        tracked ? undefined : `git rm --cached ${trackedCopies.map(word).join(' ')}`,
      ),
    ),
  },
  {
    id: 'files.env-ignored',
    subject: 'Files',
    severity: 'medium',
    good: 'git ignores .env',
    why: 'The next `git add .` would add every secret.',
    mend: "echo '.env' >> .gitignore",
    judge: ofFiles(({ git, gitIgnores }) => {
      if ('missing' in gitIgnores) return missing(gitIgnores);
      // files.env-git reports a .env that git already tracks.
      const tracked = 'found' in git && git.found.tracked;
      return seenIf(!gitIgnores.found && !tracked && 'No line of .gitignore matches .env.');
    }),
  },
  {
    id: 'files.env-copies',
    subject: 'Files',
    severity: 'low',
    good: 'There are no copies of .env',
    why: 'Old secrets in them may still be accepted, and copies are easily forgotten.',
    mend: 'rm .env.backup-*',
    judge: ofFiles(({ envCopies }) =>
      seenIf(
        envCopies.length > 0 && `Beside it: ${quoteAll(envCopies.map(({ path }) => path))}.`,
        `rm ${envCopies.map(({ path }) => word(path)).join(' ')}`,
      ),
    ),
  },
  {
    id: 'files.env-copies-mode',
    subject: 'Files',
    severity: 'high',
    good: 'Only their owner can read copies of .env',
    why: 'A copy holds the same secrets as .env itself.',
    mend: 'chmod 600 .env.*',
    judge: ofFiles(({ envCopies }) => {
      const open = envCopies.filter(({ mode }) => mode !== undefined && (mode & 0o077) !== 0);
      return seenIf(
        open.length > 0 && `Others can read ${quoteAll(open.map(({ path }) => path))}.`,
        `chmod 600 ${open.map(({ path }) => word(path)).join(' ')}`,
      );
    }),
  },
  {
    id: 'files.secret-files',
    subject: 'Files',
    severity: 'high',
    good: 'Files that hold a single secret are not readable by everyone',
    why: 'A file named by a setting with _FILE is as sensitive as .env itself.',
    mend: 'chmod 600 (the file)',
    judge: part('secretFiles', (secretFiles) => {
      const open = secretFiles.filter(({ mode }) => mode !== undefined && (mode & 0o007) !== 0);
      return seenIf(
        open.length > 0 && `Everyone on this machine can read ${quoteAll(open.map(({ path }) => path))}.`,
        `chmod o= ${open.map(({ path }) => word(path)).join(' ')}`,
      );
    }),
  },
  {
    id: 'files.data-writable',
    subject: 'Files',
    severity: 'high',
    good: 'The data folder and its files are writable',
    why: 'A file left there by a command that ran as another user blocks changes, or prevents the app from starting.',
    mend: 'sudo chown -R gatehouse: data',
    judge: part('notWritable', (paths) => seenIf(paths.length > 0 && `Not writable: ${quoteAll(paths)}.`)),
  },
  {
    id: 'files.space',
    subject: 'Files',
    severity: 'high',
    good: 'There is free space on the disk',
    why: 'On a full disk, nobody can sign in or out, and nothing can be recorded.',
    mend: 'df -h',
    judge: part('freeBytes', (bytes) =>
      seenIf(bytes < leastBytes && `${Math.floor(bytes / 1024 ** 2)} MB are free where the data folder is.`),
    ),
  },
  {
    id: 'files.data-mode',
    subject: 'Files',
    severity: 'high',
    good: 'Only its owner can read the data folder',
    why: 'It holds sessions, people and the record.',
    mend: 'chmod -R go= data',
    judge: part('data', (data) => {
      const folder = closed(data, 0o077, `chmod -R go= ${word(data.path)}`);
      if (folder !== 'passed') return folder;
      return seenIf(
        data.openFiles.length > 0 && `Others can read ${quoteAll(data.openFiles)}.`,
        `chmod -R go= ${word(data.path)}`,
      );
    }),
  },
  {
    id: 'files.record',
    subject: 'Files',
    severity: 'high',
    good: 'The record’s file is writable',
    why: 'A change that cannot be recorded is refused: nobody could sign out a device or change the allow-list.',
    mend: 'mkdir -p logs && chmod 700 logs',
    judge: part('auditLog', ({ path, writable }) => seenIf(!writable && `${quote(path)} is not writable.`)),
  },
  {
    id: 'files.config-writable',
    subject: 'Files',
    severity: 'high',
    good: 'Only their owner can change security-relevant files',
    why: 'Anyone who can change one of these files decides who gets in.',
    mend: 'chmod o-w oauth2-proxy.cfg docker-compose.yml',
    judge: part('openToAll', (open) =>
      seenIf(
        open.length > 0 && `Everyone on this machine can write to ${quoteAll(open)}.`,
        `chmod o-w ${open.map(word).join(' ')}`,
      ),
    ),
  },
];

function part<K extends Exclude<keyof Files, 'envCopies'>>(
  name: K,
  judge: (value: Extract<Files[K], { found: unknown }>['found']) => Verdict,
): Check['judge'] {
  return ofFiles((files) => {
    const known: Known<unknown> = files[name];
    return 'missing' in known
      ? missing(known)
      : judge(known.found as Extract<Files[K], { found: unknown }>['found']);
  });
}

/** Quotes a file name for a shell: a crafted name must not inject into the command that is pasted. */
function word(name: string): string {
  return /^[\w./@%+=:,-]+$/.test(name) && !name.startsWith('-')
    ? name
    : `'./${name.replaceAll("'", `'\\''`)}'`;
}

function closed({ path, mode }: FileFact, bits: number, mend?: string): Verdict {
  if (mode === undefined) return notChecked(noBits);
  return seenIf((mode & bits) !== 0 && `${quote(path)} has mode ${mode.toString(8).padStart(4, '0')}.`, mend);
}
