// Edits the apps file's document, as its pages ask for: one thing changes, everything else stays, comments too.
import { type Document, isMap, isScalar, isSeq, type YAMLSeq } from 'yaml';
import type { Apps, AppsFault } from './contract.ts';
import { editGroups } from './group-file.ts';
import type { EndEdit, FileEdit, RuleEdit, RuleFile } from './rule-edits.ts';
import { isSameTarget, type RuleTarget } from './rule-entries.ts';

/** The apps file on disk. */
export interface AppsEditor {
  readonly path: string;
  /** The rules in force. */
  current(): Apps;
  /** What is wrong with the file that is there now; empty: it is in force. */
  state(): { readonly faults: readonly AppsFault[] };
  /** Replaces the file by the edited document if that is valid. `decide` may be called again, with a newer document. */
  change<T>(
    decide: (document: Document) => { readonly isChanged: boolean; readonly value: T },
  ): Promise<{ readonly value: T } | { readonly faults: readonly AppsFault[] }>;
}

export function createRuleFile(file: AppsEditor): RuleFile {
  return {
    path: file.path,
    show: () => ({ apps: file.current(), faults: file.state().faults }),
    async change(edit) {
      const done = await file.change((document) => {
        const kind = editFile(document, edit);
        return { isChanged: kind === 'changed', value: kind };
      });
      if ('faults' in done) return { kind: 'refused', message: wordsOf(done.faults) };
      if (done.value !== 'not-a-list') return { kind: done.value };
      const what = 'app' in edit ? `\`who\` of \`${edit.app}\`` : `The group \`${edit.group}\``;
      const message = `${what} is not written as a list of its own. Change it in the file.`;
      return { kind: 'refused', message };
    },
  };
}

function editFile(document: Document, edit: FileEdit): 'changed' | 'absent' | 'not-a-list' {
  switch (edit.kind) {
    case 'allow':
    case 'remove':
      return editRules(document, edit);
    case 'end':
      return editEnd(document, edit);
    case 'create-group':
    case 'delete-group':
    case 'join':
    case 'leave':
      return editGroups(document, edit);
  }
}

/** Never moves the instant back: somebody else may have ended the app a moment later. */
function editEnd(document: Document, { app, at }: EndEdit): 'changed' | 'absent' {
  const path = ['apps', app, 'ended-before'];
  if (!document.hasIn(['apps', app]) || Date.parse(String(document.getIn(path))) >= at) return 'absent';
  document.setIn(path, new Date(at).toISOString());
  return 'changed';
}

/** Changes the document. `absent`: there is no such app, or nothing to remove. `not-a-list`: such as an alias. */
function editRules(document: Document, edit: RuleEdit): 'changed' | 'absent' | 'not-a-list' {
  if (!document.hasIn(['apps', edit.app])) return 'absent';
  const who = document.getIn(['apps', edit.app, 'who'], true);
  if (!isSeq(who)) return 'not-a-list';
  const places = who.items.flatMap((item, i) => {
    const target = targetOf(item);
    return target && isSameTarget(target, edit.target) ? [i] : [];
  });
  if (edit.kind === 'remove') {
    for (const place of places.reverse()) who.delete(place);
    return places.length > 0 ? 'changed' : 'absent';
  }
  const [first, ...more] = places;
  for (const place of more.reverse()) who.delete(place);
  if (first === undefined) who.add(entryOf(document, edit));
  else setEnd(document, who, first, edit);
  return 'changed';
}

/** Sets or removes the end of an entry that is there. */
function setEnd(document: Document, who: YAMLSeq, place: number, edit: RuleEdit & { kind: 'allow' }): void {
  const old = who.items[place];
  if (isMap(old)) {
    if (edit.until === undefined) old.delete('until');
    else old.set('until', dayOf(edit.until));
    return;
  }
  const entry = entryOf(document, edit);
  if (isScalar(old)) {
    if (old.comment) entry.comment = old.comment;
    if (old.commentBefore) entry.commentBefore = old.commentBefore;
    if (old.spaceBefore) entry.spaceBefore = true;
  }
  who.items[place] = entry;
}

function entryOf(document: Document, { target, until }: RuleEdit & { kind: 'allow' }) {
  const name = target.kind === 'everyone' ? 'everyone' : target.name;
  if (until === undefined) return document.createNode(name);
  const key = target.kind === 'everyone' ? { everyone: true } : { [target.kind]: name };
  return document.createNode({ ...key, until: dayOf(until) }, { flow: true });
}

/** The last day on which it applies, in UTC. */
function dayOf(until: number): string {
  return new Date(until - 1).toISOString().slice(0, 10);
}

/** Whom an item of `who` names; undefined: nobody that could be told. */
function targetOf(item: unknown): RuleTarget | undefined {
  if (isMap(item)) {
    if (item.get('everyone') === true) return { kind: 'everyone' };
    for (const kind of ['group', 'person'] as const)
      if (item.has(kind)) return { kind, name: String(item.get(kind)).toLowerCase() };
    return undefined;
  }
  if (!isScalar(item)) return undefined;
  // A group may have a name like 007, which YAML reads as a number.
  const text = (item.source ?? String(item.value)).toLowerCase();
  if (text === 'everyone') return { kind: 'everyone' };
  return { kind: text.includes('@') ? 'person' : 'group', name: text };
}

function wordsOf(faults: readonly AppsFault[]): string {
  return faults
    .map(({ line, message }) => (line === undefined ? message : `Line ${line}: ${message}`))
    .join(' ');
}
