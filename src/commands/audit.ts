// `gatehouse audit verify|export|checkpoint`: the record without a browser; anyone with access to the terminal is an operator.
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type EventName, events } from '../audit/events.ts';
import type { CheckpointTask, ExportTask } from './audit-run.ts';
import type { AuditParts, VerifyTask } from './audit-verify.ts';
import { type Command, using, type Wrong } from './terminal.ts';

const help = `gatehouse audit verify [--checkpoint FILE] [--file LOG] [--json]
gatehouse audit export [--from TIME] [--to TIME] [--person EMAIL] [--event NAME] [--format json|csv]
gatehouse audit checkpoint [--out FILE]

  verify      checks that the record is intact: every entry, their order, the end;
              --checkpoint: also compares it with checkpoints that were kept elsewhere
              --file: also checks the JSON lines of AUDIT_LOG_FILE, and compares the record with them
  export      prints entries, oldest first, as JSON lines (default) or CSV;
              TIME is a day (2026-11-30) or an instant (2026-11-30T12:00:00Z), in UTC
  checkpoint  prints one line that states where the record ends now; keep it where the server cannot change it.
              --out: adds it to FILE

Exit code: 0 done and intact, 1 the record was tampered with, 2 the command could not run.`;

type AuditTask = VerifyTask | ExportTask | CheckpointTask;

/** Exit code 1: the record was tampered with. */
export const auditCommand: Command<AuditTask, AuditParts> = {
  name: 'audit',
  help,
  read: readAudit,
  async parts() {
    const { configuration } = await import('./settings.ts');
    const config = configuration();
    return {
      open: async () => (await import('./audit-run.ts')).openAudit(config),
      now: Date.now,
      write: (text) => new Promise((resolve) => process.stdout.write(text, () => resolve())),
      wait: delay,
    };
  },
  run: async (task, parts, say) =>
    using(await parts.open(), async (opened) =>
      (await import('./audit-run.ts')).runAudit(task, opened, parts, say),
    ),
};

function readAudit(args: readonly string[]): AuditTask | Wrong {
  const [task, ...rest] = args;
  if (task === 'verify') return readVerify(rest);
  if (task === 'export') return readExport(rest);
  if (task === 'checkpoint') return readCheckpointArgs(rest);
  return { wrong: task === undefined ? 'say verify, export or checkpoint' : `there is no "${task}"` };
}

function readVerify(args: string[]): VerifyTask | Wrong {
  const options = {
    checkpoint: { type: 'string' },
    file: { type: 'string' },
    json: { type: 'boolean', default: false },
  } as const;
  const { checkpoint, file, json } = parseArgs({ args, options }).values;
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
  const { from, to, person, event, format } = parseArgs({ args, options }).values;
  const [start, end] = [instantOf(from, 'start'), instantOf(to, 'end')];
  if (start === 'none' || end === 'none') {
    return { wrong: '--from and --to take a day (2026-11-30) or an instant (2026-11-30T12:00:00Z)' };
  }
  if (start !== undefined && end !== undefined && start > end) return { wrong: '--from is later than --to' };
  if (person !== undefined && !person.includes('@')) return { wrong: '--person takes a whole address' };
  if (event !== undefined && !isEvent(event)) {
    return { wrong: `there is no event "${event.slice(0, 40)}"; docs/record.md lists them` };
  }
  if (format !== 'json' && format !== 'csv') return { wrong: '--format takes json or csv' };
  return { task: 'export', from: start, to: end, person: person?.toLowerCase(), event, format };
}

function readCheckpointArgs(args: string[]): CheckpointTask | Wrong {
  const { out } = parseArgs({ args, options: { out: { type: 'string' } } }).values;
  if (out === '') return { wrong: '--out needs the name of a file' };
  return { task: 'checkpoint', out };
}

/** `none`: it is not a valid time. A date alone means its first or its last instant. */
function instantOf(text: string | undefined, edge: 'start' | 'end'): number | undefined | 'none' {
  if (text === undefined) return undefined;
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) {
    const at = Date.parse(`${text}T${edge === 'start' ? '00:00:00.000' : '23:59:59.999'}Z`);
    // Date.parse reads 31 February as a day in March.
    return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text) ? at : 'none';
  }
  const at = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{3})?)?Z$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? 'none' : at;
}

function isEvent(name: string): name is EventName {
  return Object.hasOwn(events, name);
}
