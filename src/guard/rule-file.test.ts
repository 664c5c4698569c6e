// Editing who may open an app in the text of an apps file: only the entries of the target change.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseDocument } from 'yaml';
import { createAppsFile } from './apps-file.ts';
import type { RuleEdit } from './rule-edits.ts';
import type { RuleTarget } from './rule-entries.ts';
import { type AppsEditor, createRuleFile } from './rule-file.ts';

const text = `# Our apps
groups:
  family: [ada@example.org] # all of us
apps:
  wiki:
    url: https://wiki.example.org
    who:
      - family # since ever
      # A guest.
      - { person: Grace@Example.org, until: 2026-12-31 }
      - ada@example.org
  mail:
    url: https://mail.example.org
    who: [everyone]
`;
const until = Date.UTC(2027, 2, 13);
const family: RuleTarget = { kind: 'group', name: 'family' };
const grace: RuleTarget = { kind: 'person', name: 'grace@example.org' };

/** Edits the text. @returns the outcome, and the text afterwards */
async function edit(change: RuleEdit, old = text) {
  let now = old;
  const file: AppsEditor = {
    path: 'apps.yaml',
    current: () => ({ apps: new Map(), groups: new Map() }),
    state: () => ({ faults: [] }),
    async change(decide) {
      const document = parseDocument(old, { stringKeys: true });
      const { isChanged, value } = decide(document);
      if (isChanged) now = document.toString({ lineWidth: 0, flowCollectionPadding: old.includes('{ ') });
      return { value };
    },
  };
  return { outcome: (await createRuleFile(file).change(change)).kind, text: now };
}

/** The lines that went and the lines that came. */
function difference(before: string, after: string): string[] {
  const [old, now] = [before.split('\n'), after.split('\n')];
  return [
    ...old.filter((line) => !now.includes(line)).map((line) => `-${line.trim()}`),
    ...now.filter((line) => !old.includes(line)).map((line) => `+${line.trim()}`),
  ];
}

const cases: [about: string, change: RuleEdit, lines: string[]][] = [
  [
    'a person is added',
    { kind: 'allow', app: 'wiki', target: { kind: 'person', name: 'joan@example.org' } },
    ['+- joan@example.org'],
  ],
  [
    'a person is added until a day',
    { kind: 'allow', app: 'wiki', target: { kind: 'person', name: 'joan@example.org' }, until },
    ['+- { person: joan@example.org, until: 2027-03-12 }'],
  ],
  [
    'everyone is added until a day',
    { kind: 'allow', app: 'wiki', target: { kind: 'everyone' }, until },
    ['+- { everyone: true, until: 2027-03-12 }'],
  ],
  [
    'an entry without an end gets one and keeps its comment',
    { kind: 'allow', app: 'wiki', target: family, until },
    ['-- family # since ever', '+- { group: family, until: 2027-03-12 } # since ever'],
  ],
  [
    'an end is changed, whatever the case of the address',
    { kind: 'allow', app: 'wiki', target: grace, until },
    [
      '-- { person: Grace@Example.org, until: 2026-12-31 }',
      '+- { person: Grace@Example.org, until: 2027-03-12 }',
    ],
  ],
  [
    'an end is removed',
    { kind: 'allow', app: 'wiki', target: grace },
    ['-- { person: Grace@Example.org, until: 2026-12-31 }', '+- { person: Grace@Example.org }'],
  ],
  ['an entry is removed', { kind: 'remove', app: 'wiki', target: family }, ['-- family # since ever']],
  [
    'the last entry is removed',
    { kind: 'remove', app: 'mail', target: { kind: 'everyone' } },
    ['-who: [everyone]', '+who: []'],
  ],
];
for (const [about, change, lines] of cases) {
  test(about, async () => {
    const done = await edit(change);
    assert.equal(done.outcome, 'changed');
    // The flow list of the group is written with padding by this test's own form of the text.
    const plain = (one: string) => one.replaceAll('[ ', '[').replaceAll(' ]', ']');
    assert.deepEqual(difference(plain(text), plain(done.text)), lines);
  });
}

test('every entry of a target goes, in whichever form', async () => {
  const twice =
    'apps:\n  a:\n    who:\n      - family\n      - { group: family, until: 2026-12-31 }\n      - other\n';
  const removed = await edit({ kind: 'remove', app: 'a', target: family }, twice);
  assert.equal(removed.text, 'apps:\n  a:\n    who:\n      - other\n');
  const allowed = await edit({ kind: 'allow', app: 'a', target: family }, twice);
  assert.equal(allowed.text, 'apps:\n  a:\n    who:\n      - family\n      - other\n');
});

test('a group whose name looks like another type is found, and written so that it is read as a name', async () => {
  const odd = 'apps:\n  a:\n    who:\n      - 007\n      - "true"\n';
  assert.equal(
    (await edit({ kind: 'remove', app: 'a', target: { kind: 'group', name: '007' } }, odd)).text,
    'apps:\n  a:\n    who:\n      - "true"\n',
  );
  const added = await edit({ kind: 'allow', app: 'a', target: { kind: 'group', name: 'null' } }, odd);
  assert.match(added.text, /- "null"\n/);
});

test('nothing is written if there is nothing to remove, no such app, or no list', async () => {
  const gone: RuleEdit = { kind: 'remove', app: 'mail', target: family };
  assert.deepEqual(await edit(gone), { outcome: 'absent', text });
  assert.deepEqual(await edit({ ...gone, app: 'nothing' }), { outcome: 'absent', text });
  const alias = 'apps:\n  a:\n    who: &all [everyone]\n  mail:\n    who: *all\n';
  assert.deepEqual(await edit(gone, alias), { outcome: 'refused', text: alias });
});

test('what the file refuses is said with its lines', async () => {
  const file = createRuleFile({
    path: 'apps.yaml',
    current: () => ({ apps: new Map(), groups: new Map() }),
    state: () => ({ faults: [] }),
    change: async () => ({ faults: [{ line: 3, message: 'Too many.' }, { message: 'The disk is full.' }] }),
  });
  assert.deepEqual(await file.change({ kind: 'remove', app: 'wiki', target: family }), {
    kind: 'refused',
    message: 'Line 3: Too many. The disk is full.',
  });
});

test('in the real apps file the rule applies at once, comments stay, and what would be invalid is refused', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-rules-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'apps.yaml');
  writeFileSync(path, text);
  const logger = { info: () => undefined, error: () => undefined };
  const file = createAppsFile({ path, deskOrigin: 'https://desk.example.org', logger });
  const rules = createRuleFile(file);
  assert.deepEqual(rules.show().faults, []);
  const joan = { kind: 'person', name: 'joan@example.org' } as const;
  assert.equal((await rules.change({ kind: 'allow', app: 'wiki', target: joan, until })).kind, 'changed');
  assert.equal((await rules.change({ kind: 'remove', app: 'wiki', target: grace })).kind, 'changed');
  assert.deepEqual(rules.show().apps.apps.get('wiki')?.who, [
    family,
    { kind: 'person', name: 'ada@example.org' },
    { ...joan, until },
  ]);
  const written = readFileSync(path, 'utf8');
  for (const line of ['# Our apps', '- family # since ever', '# all of us'])
    assert.ok(written.includes(line), line);
  const refused = await rules.change({
    kind: 'allow',
    app: 'wiki',
    target: { kind: 'group', name: 'famly' },
  });
  assert.equal(refused.kind, 'refused');
  assert.equal(readFileSync(path, 'utf8'), written);
});
