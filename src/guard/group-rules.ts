// Changes the groups of the apps file: each change is recorded first. The check sees it on the next request.
import type { RecordedEvent, RevocationRecorder } from '../audit/recorder.ts';
import type { Apps } from './contract.ts';
import { createRecordedEdit } from './recorded-edit.ts';
import type { EditRefused, Kind, Operator, RuleFile } from './rule-edits.ts';
import { isSameTarget } from './rule-entries.ts';

/** `invalid`: no group can have that name. */
export type CreateGroupOutcome = Kind<'created' | 'present' | 'invalid' | 'broken'> | EditRefused;
export type JoinOutcome = Kind<'joined' | 'present' | 'unknown-group' | 'broken'> | EditRefused;
export type LeaveOutcome = Kind<'left' | 'absent' | 'unknown-group' | 'broken'> | EditRefused;
/** `in-use`: an app names it, also in an entry that has ended. */
export type DeleteGroupOutcome = Kind<'deleted' | 'in-use' | 'unknown-group' | 'broken'> | EditRefused;

/** Creating and joining throw RecordUnavailable if that could not be recorded; then nothing was changed. All are safe to repeat. */
export interface GroupRules {
  createGroup(name: string, by: Operator): Promise<CreateGroupOutcome>;
  /** @param email in lower case */
  join(group: string, email: string, by: Operator): Promise<JoinOutcome>;
  /** Never waits for a record that cannot be written. @param email in lower case */
  leave(group: string, email: string, by: Operator): Promise<LeaveOutcome>;
  deleteGroup(name: string, by: Operator): Promise<DeleteGroupOutcome>;
}

export interface GroupRulesOptions {
  readonly file: RuleFile;
  readonly recorder: RevocationRecorder;
}

const nameForm = /^[a-z\d][a-z\d-]{0,31}$/;

export function createGroupRules({ file, recorder }: GroupRulesOptions): GroupRules {
  const change = createRecordedEdit(file, recorder);

  /** The people of a group, or why it cannot be changed. */
  function find(group: string): ReadonlySet<string> | Kind<'unknown-group' | 'broken'> {
    const { apps, faults } = file.show();
    const people = apps.groups.get(group);
    if (!people) return { kind: 'unknown-group' };
    return faults.length > 0 ? { kind: 'broken' } : people;
  }

  return {
    async createGroup(name, by) {
      const { apps, faults } = file.show();
      if (!nameForm.test(name) || name === 'everyone') return { kind: 'invalid' };
      if (faults.length > 0) return { kind: 'broken' };
      if (apps.groups.has(name)) return { kind: 'present' };
      const event: RecordedEvent = { event: 'group.created', by, facts: { group: name } };
      await recorder.write(event);
      const done = await change({ kind: 'create-group', group: name }, event);
      return done.kind === 'changed'
        ? { kind: 'created' }
        : done.kind === 'absent'
          ? { kind: 'present' }
          : done;
    },

    async join(group, email, by) {
      const people = find(group);
      if ('kind' in people) return people;
      if (people.has(email)) return { kind: 'present' };
      const event: RecordedEvent = { event: 'group.joined', by, person: { email }, facts: { group } };
      await recorder.write(event);
      const done = await change({ kind: 'join', group, email }, event);
      return done.kind === 'changed'
        ? { kind: 'joined' }
        : done.kind === 'absent'
          ? { kind: 'present' }
          : done;
    },

    async leave(group, email, by) {
      const people = find(group);
      if ('kind' in people) return people;
      if (!people.has(email)) return { kind: 'absent' };
      const event: RecordedEvent = { event: 'group.left', by, person: { email }, facts: { group } };
      await recorder.writeEnding(event);
      const done = await change({ kind: 'leave', group, email }, event);
      return done.kind === 'changed' ? { kind: 'left' } : done;
    },

    async deleteGroup(name, by) {
      const people = find(name);
      if ('kind' in people) return people;
      if (appsNaming(file.show().apps, name).length > 0) return { kind: 'in-use' };
      const event: RecordedEvent = { event: 'group.deleted', by, facts: { group: name } };
      await recorder.write(event);
      const done = await change({ kind: 'delete-group', group: name }, event);
      return done.kind === 'refused' ? done : { kind: 'deleted' };
    },
  };
}

/** The apps that have an entry of the group, whether it still applies or not. */
export function appsNaming({ apps }: Apps, group: string) {
  return [...apps.values()].filter(({ who }) =>
    who.some((entry) => isSameTarget(entry, { kind: 'group', name: group })),
  );
}
