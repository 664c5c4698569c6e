// Compose files in every legal notation: published ports are parsed as Compose parses them, or reported by line, and never silently
// passed.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { checkUp } from '../src/doctor/check-up.ts';
import { composeChecks } from '../src/doctor/checks/compose.ts';
import { readCompose } from '../src/doctor/read/compose-file.ts';
import { hasLiteral, interpolate } from '../src/doctor/read/compose-variables.ts';
import { unsureNames } from '../src/doctor/read/env-file.ts';
import { type ComposeForm, composeForms } from './support/compose-forms.ts';
import { composeFolder, deploymentWith } from './support/deployment.ts';

const reading = ({ files, told = ['docker-compose.yml'], env = {} }: ComposeForm) =>
  readCompose(composeFolder(told, files), env);

suite('reading Compose files', () => {
  // The table was verified with Compose's own library (compose-go 2.16): what it publishes, and what it refuses.
  for (const form of composeForms) {
    test(form.how, () => {
      const { services, unread } = reading(form);
      const on = services.filter(({ isOn }) => isOn);
      assert.deepEqual(
        unread.map(({ at, service, key }) => [at, service, key].filter(Boolean).join(' ')),
        form.unread ?? [],
        JSON.stringify(unread),
      );
      assert.deepEqual(
        on.flatMap(({ name, ports }) => ports.map(({ text }) => `${name} ${text}`)),
        form.published ?? [],
      );
      assert.deepEqual(
        on.filter(({ onHost }) => onHost !== undefined).map(({ name }) => name),
        form.onHost ?? [],
      );
      const environment = on.flatMap((service) =>
        [...service.environment].flatMap(([name, value]) =>
          value === undefined ? [] : [`${service.name} ${name}=${value}`],
        ),
      );
      assert.deepEqual(environment, form.environment ?? []);
    });
  }

  test('no unreadable file passes, and none that publishes a port', () => {
    const ids = ['network.published-ports', 'network.host-mode', 'compose.readable'];
    const table = composeChecks.filter(({ id }) => ids.includes(id));
    assert.ok(composeForms.length >= 100);
    for (const form of composeForms) {
      const well = deploymentWith({});
      const { passed, unread } = checkUp({ ...well, compose: { found: reading(form) } }, 'high', table);
      const blind = form.unread ?? [];
      const about = (keys: RegExp) => blind.some((part) => keys.test(part));
      assert.equal(passed.includes('compose.readable'), blind.length === 0, form.how);
      if (form.published?.length || about(/ports|\*/))
        assert.ok(!passed.includes('network.published-ports'), form.how);
      if (form.onHost?.length || about(/network|\*/))
        assert.ok(!passed.includes('network.host-mode'), form.how);
      if (blind.length === 0) assert.deepEqual(unread, [], form.how);
    }
  });

  test('a secret in the file is found wherever it is written', () => {
    for (const [text, written] of [
      ['hunter2', true],
      [`\${A:-hunter2}`, true],
      [`\${A-hunter2}`, true],
      [`\${A:+hunter2}`, true],
      [`$\${A}`, true],
      [`\${A}`, false],
      [`\${A:?say why}`, false],
      [`\${A:+\${B:-}}`, false],
      ['', false],
    ] as const)
      assert.equal(hasLiteral(text), written, text);
  });

  test('variables are substituted as in Compose', () => {
    const env = { SET: 'v', EMPTY: '' };
    for (const [text, filled] of [
      [`\${SET}/$SET`, 'v/v'],
      [`\${EMPTY:-d}\${EMPTY-d}\${NONE-d}`, 'dd'],
      [`\${SET:+y}\${EMPTY:+n}\${EMPTY+y}\${NONE+n}`, 'yy'],
      [`\${NONE:-https://\${SET:-x}}/z`, 'https://v/z'],
      [`\${NONE:-\${EMPTY:-\${SET}}}`, 'v'],
      [`\${SET:?why}\${EMPTY?why}`, 'v'],
      [`$$SET $\${SET} $ 5$`, `$SET \${SET} $ 5$`],
    ] as const)
      assert.deepEqual(interpolate(text, env), { text: filled }, text);
    for (const text of [`\${EMPTY:?why}`, `\${NONE?why}`, `x\${NONE:?}`])
      assert.deepEqual(Object.keys(interpolate(text, env)), ['missing'], text);
    for (const text of [`\${SET`, `\${}`, `\${SET:x}`, `\${1}`, `\${SET:-{}}`, `\${SET:-a\nb}`])
      assert.deepEqual(Object.keys(interpolate(text, env)), ['why'], text);
  });

  test('variables of .env that Compose reads differently are not guessed', () => {
    const text = [
      'A=plain # comment',
      "B='as $it \\ stands'",
      'C="in quotes"',
      'export D=x',
      'E=$A',
      'F="$A"',
      'G="a\\"b"',
      'H=a#b',
      'I=`x`',
      'J="open',
      'more"',
    ].join('\n');
    assert.deepEqual(unsureNames(text), ['E', 'F', 'G', 'H', 'I', 'J']);
  });
});
