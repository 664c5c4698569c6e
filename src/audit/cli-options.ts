// What `gatehouse audit …` was asked to do, or what is wrong with it in one line.
import { parseArgs } from 'node:util';
import { type EventName, events } from './events.ts';

export const help = `gatehouse audit verify [--checkpoint FILE] [--file LOG] [--json]
gatehouse audit export [--from TIME] [--to TIME] [--person EMAIL] [--event NAME] [--format json|csv]
gatehouse audit checkpoint [--out FILE]

  verify      whether the record is as it was written: every entry, its order, its end;
              --checkpoint: also against checkpoints that were kept elsewhere
              --file: also the JSON lines of AUDIT_LOG_FILE, and the record against them
  export      entries, oldest first, as JSON lines (default) or CSV;
              TIME is a day (2026-11-30) or an instant (2026-11-30T12:00:00Z), in UTC
  checkpoint  one line that says where the record ends now; keep it where the server cannot reach.
              --out: adds it to FILE

Exit code: 0 done and intact, 1 the record was tampered with, 2 it could not be run.`;

export interface VerifyTask {
  readonly task: 'verify';
  readonly checkpoint: string | undefined;
  readonly file: string | undefined;
  readonly json: boolean;
}
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

type Wrong = { readonly wrong: string };

export function readArgs(
  args: readonly string[],
): VerifyTask | ExportTask | CheckpointTask | { task: 'help' } | Wrong {
  const [task, ...rest] = args;
  if (task === 'verify') return readVerify(rest);
  if (task === 'export') return readExport(rest);
  if (task === 'checkpoint') return readCheckpointArgs(rest);
  if (task === '--help' || task === '-h' || task === 'help') return { task: 'help' };
  return { wrong: task === undefined ? 'say verify, export or checkpoint' : `there is no "${plain(task)}"` };
}

function readVerify(args: string[]): VerifyTask | Wrong {
  const options = {
    checkpoint: { type: 'string' },
    file: { type: 'string' },
    json: { type: 'boolean', default: false },
  } as const;
  const parsed = attemptParse(() => parseArgs({ args, options }));
  if ('wrong' in parsed) return parsed;
  const { checkpoint, file, json } = parsed.values;
  if (checkpoint === '' || file === '') return { wrong: '--checkpoint and --file need the name of a file' };
  return { task: 'verify', checkpoint, file, json };
}

function readExport(args: string[]): ExportTask | Wrong {
  const options = {
    from: { type: 'string' },
    to: { type: 'string' },
    person: { type: 'string' },
    event: { type: 'string' },
    format: { type: 'string', default: 'json' },
  } as const;
  const parsed = attemptParse(() => parseArgs({ args, options }));
  if ('wrong' in parsed) return parsed;
  const { from, to, person, event, format } = parsed.values;
  const [start, end] = [instantOf(from, 'start'), instantOf(to, 'end')];
  if (start === 'none' || end === 'none') {
    return { wrong: '--from and --to take a day (2026-11-30) or an instant (2026-11-30T12:00:00Z)' };
  }
  if (start !== undefined && end !== undefined && start > end) return { wrong: '--from is later than --to' };
  if (person !== undefined && !person.includes('@')) return { wrong: '--person takes a whole address' };
  if (event !== undefined && !isEvent(event)) {
    return { wrong: `there is no event "${plain(event).slice(0, 40)}"; docs/record.md lists them` };
  }
  if (format !== 'json' && format !== 'csv') return { wrong: '--format takes json or csv' };
  return { task: 'export', from: start, to: end, person: person?.toLowerCase(), event, format };
}

function readCheckpointArgs(args: string[]): CheckpointTask | Wrong {
  const parsed = attemptParse(() => parseArgs({ args, options: { out: { type: 'string' } } }));
  if ('wrong' in parsed) return parsed;
  if (parsed.values.out === '') return { wrong: '--out needs the name of a file' };
  return { task: 'checkpoint', out: parsed.values.out };
}

/** `none`: it is no time. A day alone means its first instant or its last one. */
function instantOf(text: string | undefined, edge: 'start' | 'end'): number | undefined | 'none' {
  if (text === undefined) return undefined;
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) {
    const at = Date.parse(`${text}T${edge === 'start' ? '00:00:00.000' : '23:59:59.999'}Z`);
    // Date.parse takes the 31st of February for a day in March.
    return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text) ? at : 'none';
  }
  const at = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{3})?)?Z$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? 'none' : at;
}

function isEvent(name: string): name is EventName {
  return Object.hasOwn(events, name);
}

function attemptParse<T>(work: () => T): T | Wrong {
  try {
    return work();
  } catch (error) {
    const text = error instanceof Error ? error.message : '';
    return { wrong: plain(text.split('. ')[0] ?? text) };
  }
}

/** What came from outside must not steer the terminal. */
export function plain(text: string): string {
  return text.replace(/\p{Cc}|\p{Cf}/gu, '?');
}
