// Who may use an app: the `groups` of the apps file, and the `who` of an app.
import { parseEmail } from '../config/email-address.ts';
import { fieldsOf, itemsOf, namedOf, plainOf, stringOf, within } from './apps-fields.ts';
import { shown, type Tell, type Tree } from './apps-tree.ts';
import type { Allowed, Apps } from './contract.ts';

const mostGroups = 200;
const mostPeople = 1000;
const dayMs = 86_400_000;
const kinds = ['everyone', 'group', 'person'] as const;

export function groupsOf(tree: Tree, tell: Tell): Apps['groups'] {
  const groups = new Map<string, ReadonlySet<string>>();
  for (const [name, { line, value }] of namedOf(tree, '`groups`', mostGroups, tell)) {
    if (name === 'everyone')
      tell(line, '`everyone` cannot be the name of a group: it means everyone who may sign in.');
    const what = `The group \`${name}\``;
    const items = itemsOf(value, what, 'a list of addresses', mostPeople, tell) ?? [];
    const people = items.flatMap((item) => addressOf(item, what, tell) ?? []);
    groups.set(name, new Set(people));
  }
  return groups;
}

/** @param app its name in the file */
export function whoOf(tree: Tree, app: string, groups: Apps['groups'], tell: Tell): readonly Allowed[] {
  const what = `\`who\` of \`${app}\``;
  const items = itemsOf(tree, what, 'a list, like `[everyone]`', mostPeople, tell) ?? [];
  return items.flatMap((item) => {
    if (item.kind === 'map') return ruleOf(item, what, groups, tell) ?? [];
    const text = plainOf(item, `An entry in ${what}`, '`everyone`, a group, an address or a mapping', tell);
    if (text === undefined) return [];
    if (text === 'everyone') return { kind: 'everyone' };
    return text.includes('@')
      ? (personOf(item, what, tell) ?? [])
      : (groupOf(item, what, groups, tell) ?? []);
  });
}

/** `{ group: family, until: 2026-12-31 }`. */
function ruleOf(tree: Tree, what: string, groups: Apps['groups'], tell: Tell): Allowed | undefined {
  const fields = fieldsOf(tree, [...kinds, 'until'], `An entry in ${what}`, 'a mapping', tell);
  if (!fields) return undefined;
  const given = kinds.filter((kind) => fields.has(kind));
  const [kind] = given;
  const named = kind && fields.get(kind);
  if (!named || given.length > 1) {
    tell(tree.line, `An entry in ${what} must have one of \`everyone\`, \`group\` and \`person\`.`);
    return undefined;
  }
  const day = fields.get('until');
  const until = day && untilOf(day.value, what, tell);
  const rule =
    kind === 'everyone'
      ? everyoneOf(named.value, what, tell)
      : kind === 'group'
        ? groupOf(named.value, what, groups, tell)
        : personOf(named.value, what, tell);
  return rule && { ...rule, ...(until !== undefined && { until }) };
}

function everyoneOf(tree: Tree, what: string, tell: Tell): Allowed | undefined {
  if (tree.kind === 'flag' && tree.text === 'true') return { kind: 'everyone' };
  if (tree.kind !== 'told') tell(tree.line, `\`everyone\` in ${what} must be \`true\`.`);
  return undefined;
}

function groupOf(tree: Tree, what: string, groups: Apps['groups'], tell: Tell): Allowed | undefined {
  const name = plainOf(tree, `A group in ${what}`, 'a name', tell);
  if (name === undefined) return undefined;
  if (groups.has(name)) return { kind: 'group', name };
  tell(tree.line, `The group \`${shown(name)}\` in ${what} is not among the \`groups\`.`);
  return undefined;
}

function personOf(tree: Tree, what: string, tell: Tell): Allowed | undefined {
  const name = addressOf(tree, what, tell);
  return name === undefined ? undefined : { kind: 'person', name };
}

function addressOf(tree: Tree, what: string, tell: Tell): string | undefined {
  const text = stringOf(tree, `An entry in ${within(what)}`, 'an address', tell);
  if (text === undefined) return undefined;
  const email = parseEmail(text);
  if (email === undefined) tell(tree.line, `\`${shown(text)}\` in ${within(what)} is not an address.`);
  return email;
}

/** The first instant after that day in UTC. */
function untilOf(tree: Tree, what: string, tell: Tell): number | undefined {
  const text = tree.kind === 'string' && /^\d{4}-\d\d-\d\d$/.test(tree.text) ? tree.text : '';
  const begin = Date.parse(`${text}T00:00:00.000Z`);
  // Date.parse takes 30 February for 2 March.
  if (Number.isFinite(begin) && new Date(begin).toISOString().startsWith(text)) return begin + dayMs;
  if (tree.kind !== 'told')
    tell(tree.line, `\`until\` in ${what} must be a day that exists, like \`2026-12-31\`.`);
  return undefined;
}
