// Invariant 8, the record's pages, and a person's own data: the lines that keep them.
import type { Control } from '../support/controls.ts';

const recorded = 'invariant 8: what cannot be recorded is not done';
const gone = 'after an erasure the address is nowhere';

const erasing = (defence: string, file: string, find: string, replace = ''): Control => ({
  invariant: 'privacy: erased is erased',
  defence,
  file,
  find,
  replace,
  tests: 'test/privacy.test.ts',
  sees: gone,
});

export const controls: readonly Control[] = [
  {
    invariant: '8: recorded first',
    defence: 'an ending waits for the record',
    file: 'src/sessions/ending.ts',
    find: '    await record(row, order);\n    const receipt',
    replace: '    void record(row, order).catch(() => undefined);\n    const receipt',
    tests: 'test/record-pages.test.ts',
    sees: recorded,
  },
  {
    invariant: '8: recorded first',
    defence: 'a sign-in waits for the record',
    file: 'src/sessions/sign-in.ts',
    find: '    await recorder.write({',
    replace: '    recorder.note({',
    tests: 'test/record-pages.test.ts',
    sees: recorded,
  },
  {
    invariant: '8: recorded first',
    defence: 'the allow-list waits for the record',
    file: 'src/access/access.ts',
    find: "if (isNew) await recorder.write({ event: 'access.added'",
    replace: "if (isNew) recorder.note({ event: 'access.added'",
    tests: 'test/record-pages.test.ts',
    sees: recorded,
  },
  {
    invariant: 'other people’s are as good as none',
    defence: 'members read their own entries alone',
    file: 'src/record/pages.ts',
    find: '...(!operator && own), limit',
    replace: '...(operator && own), limit',
    tests: 'test/record-pages.test.ts',
    sees: 'members see their own',
  },
  {
    invariant: 'operators alone',
    defence: 'the record asks for the role',
    file: 'src/record-routes.ts',
    find: "  app.all(['/record', '/record/*path'], operator);\n",
    replace: "  app.all(['/record'], operator);\n",
    tests: 'test/record-pages.test.ts',
    sees: 'members see their own',
  },
  {
    invariant: 'operators alone',
    defence: 'erasing somebody else asks for the role',
    file: 'src/privacy/pages.ts',
    find: "if (name !== undefined && !operator) throw new HttpError('not_operator');",
    replace: 'void operator;',
    tests: 'test/privacy.test.ts',
    sees: 'operators: a copy and an erasure',
  },
  {
    invariant: 'privacy: typed on purpose',
    defence: 'the address is compared',
    file: 'src/privacy/pages.ts',
    find: 'if (confirm.trim().toLowerCase() !== who.email.toLowerCase()) {',
    replace: "if (confirm === '') {",
    tests: 'test/privacy.test.ts',
    sees: 'another word than the address',
  },
  erasing('ended rows go too', 'src/privacy/erase.ts', '      await sessions.forgetPerson(id);\n'),
  erasing('notes go too', 'src/privacy/erase.ts', '      await notes.forgetPerson(id);\n'),
  erasing('the account goes', 'src/privacy/erase.ts', '    for (const id of ids) await people.remove(id);\n'),
  erasing(
    'the keys of the pseudonyms go',
    'src/privacy/erase.ts',
    '    for (const person of refs) await forgetAliases(person);\n',
  ),
  erasing(
    'the files are written anew',
    'src/privacy/erase.ts',
    'scrubbed: await store.scrub()',
    'scrubbed: true',
  ),
  erasing(
    'an ending keeps a pseudonym, not an address',
    'src/sessions/ending.ts',
    'await pseudonymOf(by);',
    'by.email;',
  ),
];
