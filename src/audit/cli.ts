// `gatehouse audit verify|export|checkpoint`: the record without a browser; whoever holds the terminal is an operator.
import { appendFileSync } from 'node:fs';
import { naming, wordsForError } from '../files/file-refused.ts';
import { demandOrdinaryFile } from '../files/ordinary-file.ts';
import type { Store } from '../store/contract.ts';
import { recordKeys } from './chain.ts';
import { makeCheckpoint } from './checkpoint.ts';
import { type CheckpointTask, type ExportTask, help, plain, readArgs } from './cli-options.ts';
import { runVerify } from './cli-verify.ts';
import { csvHeader, csvLine, jsonLine } from './export.ts';
import { createReader } from './reader.ts';
import { type Recorder, RecordUnavailable } from './recorder.ts';

export interface OpenRecord extends Pick<Store, 'record' | 'aliases'> {
  readonly recorder: Recorder;
  /** 64 hex digits each, newest first. */
  readonly keys: readonly string[];
  close(): Promise<void>;
}

export interface AuditCommand {
  /** The store and a recorder over it, opened once the arguments make sense. */
  open(): Promise<OpenRecord>;
  readonly now: () => number;
  /** Resolves once the text, which has its own line ends, is on its way. */
  out(text: string): Promise<void>;
  err(line: string): void;
  /** Resolves after so many milliseconds; the clock's where absent. */
  readonly wait?: (ms: number) => Promise<unknown>;
}

/** @returns the exit code: 0 done and intact, 1 tampered with, 2 the command is wrong or could not be run */
export async function runAuditCommand(args: readonly string[], deps: AuditCommand): Promise<number> {
  const read = readArgs(args);
  if ('wrong' in read) {
    deps.err(`gatehouse audit: ${read.wrong}; see \`gatehouse audit --help\``);
    return 2;
  }
  if (read.task === 'help') {
    await deps.out(`${help}\n`);
    return 0;
  }
  const opened = await deps.open();
  try {
    if (read.task === 'verify') return await runVerify(read, opened, deps);
    if (read.task === 'export') return await runExport(read, opened, deps);
    return await runCheckpoint(read, opened, deps);
  } catch (error) {
    deps.err(`gatehouse audit: ${whyOf(error)}`);
    return 2;
  } finally {
    await opened.close();
  }
}

async function runExport(task: ExportTask, opened: OpenRecord, { out }: AuditCommand): Promise<number> {
  const { from, to, event, format } = task;
  // Who took a copy of the record is in the record.
  await opened.recorder.write({ event: 'record.exported', by: 'terminal', facts: { format } });
  if (format === 'csv') await out(csvHeader);
  const person = task.person === undefined ? undefined : { email: task.person };
  const lineOf = format === 'csv' ? csvLine : jsonLine;
  for await (const items of createReader(opened).all({ from, to, event, person, doings: true })) {
    if (items.length > 0) await out(items.map(lineOf).join(''));
  }
  return 0;
}

async function runCheckpoint(task: CheckpointTask, opened: OpenRecord, deps: AuditCommand): Promise<number> {
  await opened.recorder.write({ event: 'record.checkpoint', by: 'terminal' });
  const line = await makeCheckpoint(opened.record, recordKeys(opened.keys), deps.now());
  if (line === undefined) {
    deps.err('gatehouse audit: the head of the record is not genuine; `gatehouse audit verify` says more');
    return 2;
  }
  if (task.out === undefined) {
    await deps.out(`${line}\n`);
    return 0;
  }
  const out = { path: task.out, setting: '--out' };
  demandOrdinaryFile(out);
  naming(out, () => appendFileSync(out.path, `${line}\n`, { mode: 0o600 }));
  await deps.out(`Added to ${plain(task.out)}. Keep it where the server cannot change it.\n`);
  return 0;
}

function whyOf(error: unknown): string {
  if (error instanceof RecordUnavailable) return 'the record cannot be written, so nothing was done';
  const words = wordsForError(error, { path: 'gatehouse.db', setting: 'DATA_DIR' });
  if (words !== undefined) return plain(words);
  const { name, code, path } = error as NodeJS.ErrnoException;
  if (name === 'StoreUnavailable') return 'the store does not answer';
  return code === undefined ? 'it could not be run' : `${plain(path ?? 'a file')} cannot be used: ${code}`;
}
