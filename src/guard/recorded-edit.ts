// Makes a change of the apps file that is recorded already; if it fails, a second entry says so.
import type { RecordedEvent, Recorder } from '../audit/recorder.ts';
import type { FileEdit, RuleFile } from './rule-edits.ts';

/** @throws what the file throws */
export function createRecordedEdit(file: Pick<RuleFile, 'change'>, recorder: Pick<Recorder, 'note'>) {
  return async (edit: FileEdit, event: RecordedEvent) => {
    try {
      const done = await file.change(edit);
      if (done.kind === 'refused') recorder.note({ ...event, outcome: 'failed' });
      return done;
    } catch (error) {
      recorder.note({ ...event, outcome: 'failed' });
      throw error;
    }
  };
}
