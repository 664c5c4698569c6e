// Changes who may open an app: each change is recorded first, then made in the apps file. The check sees it on the next request.
import type { RecordedEvent, RevocationRecorder } from '../audit/recorder.ts';
import type { Allowed, GuardedApp } from './contract.ts';
import { createGroupRules, type GroupRules } from './group-rules.ts';
import { createRecordedEdit } from './recorded-edit.ts';
import type { AppsShown, EditRefused, Kind, Operator, RuleFile } from './rule-edits.ts';
import { isSameTarget, type RuleTarget } from './rule-entries.ts';

/** `changed`: the entry was there with another end; `present`: exactly so. `past`: the end has passed. `broken`: the file has faults. */
export type AllowOutcome =
  | Kind<'allowed' | 'changed' | 'present' | 'past' | 'unknown-app' | 'unknown-group' | 'broken'>
  | EditRefused;

export type RemoveOutcome = Kind<'removed' | 'absent' | 'unknown-app' | 'broken'> | EditRefused;

/** What `allow` would do. `who`: of the app, afterwards. */
export type AllowPreview =
  | Kind<'present' | 'past' | 'unknown-app' | 'unknown-group' | 'broken'>
  | (Kind<'allowed' | 'changed'> & { readonly app: GuardedApp; readonly who: readonly Allowed[] });

/** `broken` and `refused`: the file was not changed, so what is begun meanwhile is not ended. */
export type EndOutcome =
  | (Kind<'ended'> & { readonly at: number })
  | Kind<'unknown-app' | 'broken'>
  | EditRefused;

export interface AppRules extends GroupRules {
  readonly path: string;
  show(): AppsShown;
  /** Changes nothing. */
  preview(app: string, target: RuleTarget, until: number | undefined): AllowPreview;
  /**
   * @param until milliseconds, the first instant at which it no longer applies; undefined: it always applies
   * @throws RecordUnavailable if the change could not be recorded; then nothing was changed
   */
  allow(app: string, target: RuleTarget, until: number | undefined, by: Operator): Promise<AllowOutcome>;
  /** Never waits for a record that cannot be written. Safe to repeat. */
  remove(app: string, target: RuleTarget, by: Operator): Promise<RemoveOutcome>;
  /** Ends every use of the app that has begun by now. Never waits for a record that cannot be written. */
  end(app: string, by: Operator): Promise<EndOutcome>;
}

export interface AppRulesOptions {
  readonly file: RuleFile;
  readonly recorder: RevocationRecorder;
  readonly now: () => number;
}

export function createAppRules({ file, recorder, now }: AppRulesOptions): AppRules {
  const change = createRecordedEdit(file, recorder);

  function preview(name: string, target: RuleTarget, until: number | undefined): AllowPreview {
    const { apps, faults } = file.show();
    const app = apps.apps.get(name);
    if (!app) return { kind: 'unknown-app' };
    if (faults.length > 0) return { kind: 'broken' };
    if (target.kind === 'group' && !apps.groups.has(target.name)) return { kind: 'unknown-group' };
    if (until !== undefined && until <= now()) return { kind: 'past' };
    const old = app.who.filter((entry) => isSameTarget(entry, target));
    if (old.length === 1 && old[0]?.until === until) return { kind: 'present' };
    const others = app.who.filter((entry) => !isSameTarget(entry, target));
    const who = [...others, { ...target, ...(until !== undefined && { until }) }];
    return { kind: old.length > 0 ? 'changed' : 'allowed', app, who };
  }

  return {
    ...createGroupRules({ file, recorder }),
    path: file.path,
    show: () => file.show(),
    preview,

    async allow(name, target, until, by) {
      const found = preview(name, target, until);
      if (found.kind !== 'allowed' && found.kind !== 'changed') return found;
      const event = eventOf('app.allowed', name, target, by, until);
      await recorder.write(event);
      const edit = { kind: 'allow', app: name, target, ...(until !== undefined && { until }) } as const;
      const done = await change(edit, event);
      return done.kind === 'refused' ? done : { kind: found.kind };
    },

    async end(name, by) {
      const { apps, faults } = file.show();
      if (!apps.apps.has(name)) return { kind: 'unknown-app' };
      const event: RecordedEvent = { event: 'app.ended', by, facts: { app: name } };
      await recorder.writeEnding(event);
      if (faults.length > 0) return { kind: 'broken' };
      const at = now();
      const done = await change({ kind: 'end', app: name, at }, event);
      return done.kind === 'refused' ? done : { kind: 'ended', at };
    },

    async remove(name, target, by) {
      const { apps, faults } = file.show();
      const app = apps.apps.get(name);
      if (!app) return { kind: 'unknown-app' };
      if (faults.length > 0) return { kind: 'broken' };
      if (!app.who.some((entry) => isSameTarget(entry, target))) return { kind: 'absent' };
      const event = eventOf('app.withdrawn', name, target, by);
      await recorder.writeEnding(event);
      const done = await change({ kind: 'remove', app: name, target }, event);
      return done.kind === 'changed' ? { kind: 'removed' } : done;
    },
  };
}

function eventOf(
  event: 'app.allowed' | 'app.withdrawn',
  app: string,
  target: RuleTarget,
  by: Operator,
  until?: number,
): RecordedEvent {
  return {
    event,
    by,
    ...(target.kind === 'person' && { person: { email: target.name } }),
    facts: {
      app,
      ...(target.kind === 'group' && { group: target.name }),
      ...(target.kind === 'everyone' && { everyone: true }),
      ...(until !== undefined && { until: new Date(until).toISOString() }),
    },
  };
}
