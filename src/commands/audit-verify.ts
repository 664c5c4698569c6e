// `gatehouse audit verify`: reports on its first line whether the record is as it was written, and if not, what happened and where.
import { genuineEntry, type RecordKey, recordKeys } from '../audit/chain.ts';
import { readCheckpoint } from '../audit/checkpoint.ts';
import { findingWords, lineFindingWords } from '../audit/finding-words.ts';
import type { Recorder } from '../audit/recorder.ts';
import { type Verdict, verifyRecord } from '../audit/verify.ts';
import { type FileVerdict, verifyFile } from '../audit/verify-file.ts';
import { readOrdinaryFile } from '../files/ordinary-file.ts';
import type { Store } from '../store/contract.ts';
import type { ExitCode, Say } from './terminal.ts';

export interface VerifyTask {
  readonly task: 'verify';
  readonly checkpoint: string | undefined;
  readonly file: string | undefined;
  readonly json: boolean;
}

export interface OpenRecord extends Pick<Store, 'record' | 'aliases'> {
  readonly recorder: Recorder;
  /** 64 hex digits each, newest first. */
  readonly keys: readonly string[];
  close(): Promise<void>;
}

export interface AuditParts {
  /** The store and a recorder on it; opened only if the arguments are valid. */
  open(): Promise<OpenRecord>;
  readonly now: () => number;
  /** Writes exported text unchanged, with its own line endings. Resolves once it has been handed over. */
  write(text: string): Promise<void>;
  /** Resolves after this many milliseconds. */
  readonly wait: (ms: number) => Promise<unknown>;
}

const gapsShown = 10;
const beginsAtMost = 1_000;

export async function runVerify(
  task: VerifyTask,
  { record, keys: hexKeys }: OpenRecord,
  { wait }: Pick<AuditParts, 'wait'>,
  say: Say,
): Promise<ExitCode> {
  const keys = recordKeys(hexKeys);
  const checkpoints = new Map<number, string>();
  if (task.checkpoint !== undefined) {
    const text = readOrdinaryFile({ path: task.checkpoint, setting: '--checkpoint' }).toString('utf8');
    for (const line of text.split('\n')) {
      if (line.trim() === '') continue;
      const mark = readCheckpoint(line, keys);
      if ('wrong' in mark) {
        say.fault(mark.wrong);
        return 2;
      }
      checkpoints.set(mark.seq, mark.mac);
    }
    if (checkpoints.size === 0) {
      say.fault('the file of --checkpoint holds no checkpoint');
      return 2;
    }
  }
  const file = task.file === undefined ? undefined : await verifyWithStore(task.file, record, keys, wait);
  const witnesses = [checkpoints, ...(file ? [file.macs] : [])];
  const verdict = await verifyRecord({ record, keys, witnesses });
  const isIntact = verdict.state === 'intact' && !file?.first;
  if (task.json) say.json(asJson(verdict, file, checkpoints.size, isIntact), 0);
  else for (const line of lines(verdict, file, checkpoints.size)) say.line(line);
  return isIntact ? 0 : 1;
}

/** A server adds an entry to its file a moment after the store has it; another replica does within seconds. */
const fileLagMs = 5_000;

/** Reads the store first: whatever it has by then is in the file, or is about to be. */
async function verifyWithStore(
  path: string,
  record: OpenRecord['record'],
  keys: readonly RecordKey[],
  wait: (ms: number) => Promise<unknown>,
): Promise<FileVerdict> {
  const [oldest] = await record.after(0, 1);
  const [newest] = await record.before(Number.POSITIVE_INFINITY, 1);
  const begun = await record.before(Number.POSITIVE_INFINITY, beginsAtMost, ['event', 'record.file_begun']);
  const span = {
    from: oldest?.seq ?? 1,
    to: newest?.seq ?? 0,
    begins: new Set(begun.map((row) => Number(genuineEntry(row, keys)?.facts?.['from']))),
  };
  const file = await verifyFile(path, keys, span);
  const age = Date.now() - Date.parse((newest && genuineEntry(newest, keys)?.at) ?? '');
  const isLate = file.count > 0 && file.absent.at(-1)?.[1] === span.to && age < fileLagMs;
  if (!isLate) return file;
  await wait(fileLagMs);
  return verifyFile(path, keys, span);
}

function lines(verdict: Verdict, file: FileVerdict | undefined, checkpoints: number): string[] {
  const { count, from, to } = verdict;
  const span =
    count === 0 ? 'The record is empty.' : `${count} ${count === 1 ? 'entry' : 'entries'}, ${from} to ${to}.`;
  const told =
    verdict.state === 'tampered'
      ? [
          `${verdict.first.kind === 'key unknown' ? 'In doubt' : 'Tampered'}: ${findingWords(verdict.first)}`,
          `${span} ${more(verdict.findings)}`.trim(),
        ]
      : [
          count === 0 ? span : `Intact: ${span}`,
          ...(checkpoints > 0
            ? [`It matches the ${checkpoints === 1 ? 'checkpoint' : `${checkpoints} checkpoints`}.`]
            : []),
        ];
  if (!file) return told;
  const aboutFile = file.first
    ? [
        `The file ${file.first.kind === 'key unknown' ? 'cannot be verified' : 'was tampered with'}: ${lineFindingWords(file.first)} ${more(file.findings)}`.trim(),
      ]
    : [`The file is intact: ${file.count} lines.`];
  const shown = file.absent.slice(0, gapsShown).map(([a, b]) => (a === b ? `${a}` : `${a}–${b}`));
  const rest = file.absent.length > gapsShown ? ` and ${file.absent.length - gapsShown} more gaps` : '';
  const gaps = shown.length > 0 ? [`Not in this file: ${shown.join(', ')}${rest}.`] : [];
  // The first line reports the earliest fault.
  return verdict.state === 'intact' && file.first
    ? [...aboutFile, ...gaps, ...told]
    : [...told, ...aboutFile, ...gaps];
}

function more(findings: number): string {
  return findings > 1 ? `${findings - 1} more ${findings === 2 ? 'finding' : 'findings'} after it.` : '';
}

function asJson(
  verdict: Verdict,
  file: FileVerdict | undefined,
  checkpoints: number,
  intact: boolean,
): object {
  return {
    intact,
    record: verdict,
    checkpoints,
    ...(file && {
      file: { count: file.count, first: file.first ?? null, findings: file.findings, absent: file.absent },
    }),
  };
}
