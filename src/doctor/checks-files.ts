// Checks of files and their permissions: .env and its copies, data, record, and what decides about security.
import { type Check, notChecked, ofFiles, quote, quoteAll, seenIf, type Verdict } from './check.ts';
import type { FileFact, Files, Known } from './deployment.ts';

const noBits = 'this system has no permission bits';

export const fileChecks: readonly Check[] = [
  {
    id: 'files.env-mode',
    subject: 'Files',
    severity: 'high',
    good: 'Only its owner can read .env',
    why: 'Every secret of the house stands in it.',
    mend: 'chmod 600 .env',
    judge: part('env', (file) => closed(file, 0o077)),
  },
  {
    id: 'files.env-git',
    subject: 'Files',
    severity: 'high',
    good: '.env is not in git',
    why: 'Whoever can read the repository, now or later, has every secret. Taking it out is not enough: the history keeps it.',
    mend: 'git rm --cached .env && node generate-secrets.ts --rotate all',
    judge: part('git', ({ tracked }) => seenIf(tracked && '.env is in git’s index.')),
  },
  {
    id: 'files.env-ignored',
    subject: 'Files',
    severity: 'medium',
    good: 'git is told to leave .env alone',
    why: 'The next `git add .` would take every secret along.',
    mend: "echo '.env' >> .gitignore",
    judge: part('git', ({ ignored, tracked }) =>
      seenIf(!ignored && !tracked && 'No line of .gitignore matches .env.'),
    ),
  },
  {
    id: 'files.env-copies',
    subject: 'Files',
    severity: 'low',
    good: 'No copies of .env lie about',
    why: 'Former secrets in them may still be accepted, and nobody looks after a copy.',
    mend: 'rm .env.backup-*',
    judge: ofFiles(({ envCopies }) =>
      seenIf(
        envCopies.length > 0 && `Beside it: ${quoteAll(envCopies.map(({ path }) => path))}.`,
        `rm ${envCopies.map(({ path }) => path).join(' ')}`,
      ),
    ),
  },
  {
    id: 'files.env-copies-mode',
    subject: 'Files',
    severity: 'high',
    good: 'Copies of .env are closed to others',
    why: 'A copy holds the same secrets as the file itself.',
    mend: 'chmod 600 .env.*',
    judge: ofFiles(({ envCopies }) => {
      const open = envCopies.filter(({ mode }) => mode !== undefined && (mode & 0o077) !== 0);
      return seenIf(
        open.length > 0 && `Others may read ${quoteAll(open.map(({ path }) => path))}.`,
        `chmod 600 ${open.map(({ path }) => path).join(' ')}`,
      );
    }),
  },
  {
    id: 'files.data-mode',
    subject: 'Files',
    severity: 'high',
    good: 'Only its owner can look into the data folder',
    why: 'Sessions, people and the record are kept in it.',
    mend: 'chmod -R go= data',
    judge: part('data', (data) => {
      const folder = closed(data, 0o077, `chmod -R go= ${data.path}`);
      if (folder !== 'passed') return folder;
      return seenIf(
        data.openFiles.length > 0 && `Others may read ${quoteAll(data.openFiles)}.`,
        `chmod -R go= ${data.path}`,
      );
    }),
  },
  {
    id: 'files.record',
    subject: 'Files',
    severity: 'high',
    good: 'The record’s file can be written',
    why: 'A change that cannot be recorded is refused: nobody could sign out a device or change the list.',
    mend: 'mkdir -p logs && chmod 700 logs',
    judge: part('auditLog', ({ path, writable }) => seenIf(!writable && `${quote(path)} cannot be written.`)),
  },
  {
    id: 'files.config-writable',
    subject: 'Files',
    severity: 'high',
    good: 'Only their owner can change what decides about security',
    why: 'Whoever writes one of these files decides who gets in.',
    mend: 'chmod o-w oauth2-proxy.cfg docker-compose.yml',
    judge: part('openToAll', (open) =>
      seenIf(
        open.length > 0 && `Everyone on this machine can write ${quoteAll(open)}.`,
        `chmod o-w ${open.join(' ')}`,
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
      ? notChecked(known.missing)
      : judge(known.found as Extract<Files[K], { found: unknown }>['found']);
  });
}

function closed({ path, mode }: FileFact, bits: number, mend?: string): Verdict {
  if (mode === undefined) return notChecked(noBits);
  return seenIf((mode & bits) !== 0 && `${quote(path)} has mode ${mode.toString(8).padStart(4, '0')}.`, mend);
}
