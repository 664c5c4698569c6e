// Edits the groups in the apps file's document: one group changes, everything else stays, comments too.
import { type Document, isMap, isScalar, isSeq } from 'yaml';
import type { GroupEdit } from './rule-edits.ts';

/** Changes the document. `absent`: it was so already. `not-a-list`: such as an alias. */
export function editGroups(document: Document, edit: GroupEdit): 'changed' | 'absent' | 'not-a-list' {
  const { group } = edit;
  const isThere = document.hasIn(['groups', group]);
  if (edit.kind === 'create-group') {
    if (isThere) return 'absent';
    document.setIn(['groups', group], document.createNode([], { flow: true }));
    const groups = document.get('groups');
    if (isMap(groups)) groups.flow = false;
    return 'changed';
  }
  if (!isThere) return 'absent';
  if (!('email' in edit)) {
    document.deleteIn(['groups', group]);
    const groups = document.get('groups');
    // Without entries, the text would be empty, which is not a mapping.
    if (isMap(groups) && groups.items.length === 0) groups.flow = true;
    return 'changed';
  }
  const people = document.getIn(['groups', group], true);
  if (!isSeq(people)) return 'not-a-list';
  const { email } = edit;
  const places = people.items.flatMap((item, i) =>
    isScalar(item) && String(item.value).toLowerCase() === email ? [i] : [],
  );
  if (edit.kind === 'join') {
    if (places.length > 0) return 'absent';
    if (people.items.length === 0) people.flow = false;
    people.add(document.createNode(email));
    return 'changed';
  }
  for (const place of places.reverse()) people.delete(place);
  if (people.items.length === 0) people.flow = true;
  return places.length > 0 ? 'changed' : 'absent';
}
