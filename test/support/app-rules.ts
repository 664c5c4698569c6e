// The apps behind the guard for tests of its pages: an apps file that is kept in memory, with the same contract as the real one.
import type { Allowed, AppsFault, GuardedApp } from '../../src/guard/contract.ts';
import type { RuleEdit, RuleFile } from '../../src/guard/rule-edits.ts';
import { isSameTarget } from '../../src/guard/rule-entries.ts';

export interface KeptRuleFile extends RuleFile {
  /** Every change that was made. */
  readonly edits: readonly RuleEdit[];
  faults: readonly AppsFault[];
  /** The next changes fail so; absent: they succeed. */
  refusal?: string;
}

export function keepRuleFile(
  apps: readonly GuardedApp[],
  groups: Readonly<Record<string, readonly string[]>> = {},
): KeptRuleFile {
  const known = new Map(apps.map((app) => [app.name, app]));
  const members = new Map(Object.entries(groups).map(([name, people]) => [name, new Set(people)]));
  const edits: RuleEdit[] = [];
  return {
    path: 'access/apps.yaml',
    edits,
    faults: [],
    show() {
      return { apps: { apps: known, groups: members }, faults: this.faults };
    },
    async change(edit) {
      if (this.refusal !== undefined) return { kind: 'refused', message: this.refusal };
      if (edit.kind !== 'allow' && edit.kind !== 'remove') throw new Error('only rules are kept');
      const app = known.get(edit.app);
      if (!app?.who) return { kind: 'absent' };
      edits.push(edit);
      const others = app.who.filter((entry) => !isSameTarget(entry, edit.target));
      const until = edit.kind === 'allow' && edit.until !== undefined ? { until: edit.until } : {};
      const who: Allowed[] = edit.kind === 'allow' ? [...others, { ...edit.target, ...until }] : others;
      known.set(edit.app, { ...app, who });
      return { kind: 'changed' };
    },
  };
}
