// What `gatehouse audit` does: verifies the record, exports it, and writes checkpoints.
import { appendFileSync } from 'node:fs';
import { recordKeys } from '../audit/chain.ts';
import { makeCheckpoint } from '../audit/checkpoint.ts';
import type { EventName } from '../audit/events.ts';
import { csvHeader, csvLine, jsonLine } from '../audit/export.ts';
import { createReader } from '../audit/reader.ts';
import { RecordUnavailable } from '../audit/recorder.ts';
import type { Config } from '../config/derive.ts';
import { naming, wordsForError } from '../files/file-refused.ts';
import { demandOrdinaryFile } from '../files/ordinary-file.ts';
import { recordKeysOf } from '../wiring/audit-log.ts';
import type { AuditParts, OpenRecord, VerifyTask } from './audit-verify.ts';
import { runVerify } from './audit-verify.ts';
import { openDeployment } from './deployment.ts';
import type { ExitCode, Say } from './terminal.ts';

export interface ExportTask {
  readonly task: 'export';
  /** Milliseconds, both inclusive. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly person: string | undefined;
  readonly event: EventName | undefined;
  readonly format: 'json' | 'csv';
}

export interface CheckpointTask {
  readonly task: 'checkpoint';
  readonly out: string | undefined;
}

export async function openAudit(config: Config): Promise<OpenRecord> {
  const { store, recorder, close } = await openDeployment(config);
  return { ...store, recorder, keys: recordKeysOf(config), close };
}

export async function runAudit(
  task: VerifyTask | ExportTask | CheckpointTask,
  opened: OpenRecord,
  parts: AuditParts,
  say: Say,
): Promise<ExitCode> {
  try {
    if (task.task === 'verify') return await runVerify(task, opened, parts, say);
    if (task.task === 'export') return await runExport(task, opened, parts);
    return await runCheckpoint(task, opened, parts, say);
  } catch (error) {
    say.fault(whyOf(error));
    return 2;
  }
}

async function runExport(task: ExportTask, opened: OpenRecord, { write }: AuditParts): Promise<ExitCode> {
  const { from, to, event, format } = task;
  // The record itself shows who took a copy of it.
  await opened.recorder.write({ event: 'record.exported', by: 'terminal', facts: { format } });
  if (format === 'csv') await write(csvHeader);
  const person = task.person === undefined ? undefined : { email: task.person };
  const lineOf = format === 'csv' ? csvLine : jsonLine;
  for await (const items of createReader(opened).all({ from, to, event, person, doings: true })) {
    if (items.length > 0) await write(items.map(lineOf).join(''));
  }
  return 0;
}

async function runCheckpoint(
  task: CheckpointTask,
  opened: OpenRecord,
  { now }: AuditParts,
  say: Say,
): Promise<ExitCode> {
  await opened.recorder.write({ event: 'record.checkpoint', by: 'terminal' });
  const line = await makeCheckpoint(opened.record, recordKeys(opened.keys), now());
  if (line === undefined) {
    say.fault('the head of the record is not genuine; `gatehouse audit verify` says more');
    return 2;
  }
  if (task.out === undefined) {
    say.line(line);
    return 0;
  }
  const out = { path: task.out, setting: '--out' };
  demandOrdinaryFile(out);
  naming(out, () => appendFileSync(out.path, `${line}\n`, { mode: 0o600 }));
  say.line(`Added to ${task.out}. Keep it where the server cannot change it.`);
  return 0;
}

function whyOf(error: unknown): string {
  if (error instanceof RecordUnavailable) return 'the record cannot be written, so nothing was done';
  const words = wordsForError(error, { path: 'gatehouse.db', setting: 'DATA_DIR' });
  if (words !== undefined) return words;
  const { name, code, path } = error as NodeJS.ErrnoException;
  if (name === 'StoreUnavailable') return 'the store does not answer';
  return code === undefined ? 'it could not be run' : `${path ?? 'a file'} cannot be used: ${code}`;
}
