// Reads the apps file. It is valid as a whole or not at all: a rule that is left out could lock people out, or let them in.
import { appOf, type Place } from './app-document.ts';
import { parseAppOrigin } from './app-origin.ts';
import { groupsOf } from './app-who.ts';
import { fieldsOf, namedOf } from './apps-fields.ts';
import { parseTree, type Tell, type Tree } from './apps-tree.ts';
import type { Apps, AppsFault, GuardedApp } from './contract.ts';

const maxBytes = 1024 * 1024;
const mostApps = 200;
const mostFaults = 20;

export type AppsReading = { readonly apps: Apps } | { readonly faults: readonly AppsFault[] };

/**
 * @param deskOrigin the desk's own, like `https://desk.example.org`
 * @returns every fault, by line, but at most 20. Never throws.
 */
export function readApps(text: string, deskOrigin: string): AppsReading {
  const faults: AppsFault[] = [];
  const tell: Tell = (line, message) => void faults.push({ ...(line !== undefined && { line }), message });
  const apps = appsOf(text, deskOrigin, tell);
  if (apps && faults.length === 0) return { apps };
  // Those of the whole file first.
  return { faults: faults.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)).slice(0, mostFaults) };
}

function appsOf(text: string, deskOrigin: string, tell: Tell): Apps | undefined {
  if (Buffer.byteLength(text) > maxBytes) tell(undefined, 'The file is larger than 1 MB.');
  // Also what a program leaves for a moment that empties the file before it writes.
  else if (text.trim() === '') tell(undefined, 'The file is empty. If there are no apps, write `apps: {}`.');
  else {
    const tree = parseTree(text, tell);
    const fields =
      tree && fieldsOf(tree, ['groups', 'apps'], 'The file', 'a mapping with `groups` and `apps`', tell);
    if (!fields) return undefined;
    const [groups, apps] = [fields.get('groups'), fields.get('apps')];
    const known = groups ? groupsOf(groups.value, tell) : new Map<string, ReadonlySet<string>>();
    if (apps) return { groups: known, apps: allOf(apps.value, known, deskOrigin, tell) };
    tell(undefined, '`apps` is missing. If there are no apps, write `apps: {}`.');
  }
  return undefined;
}

function allOf(tree: Tree, groups: Apps['groups'], deskOrigin: string, tell: Tell): Apps['apps'] {
  const apps = new Map<string, GuardedApp>();
  const places: Place[] = [];
  const desk = parseAppOrigin(deskOrigin);
  if (!('wrong' in desk)) places.push({ ...desk, owner: 'the desk' });
  for (const [name, entry] of namedOf(tree, '`apps`', mostApps, tell)) {
    const app = appOf(name, entry, groups, places, tell);
    if (app) apps.set(name, app);
  }
  return apps;
}
