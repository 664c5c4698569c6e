// The documents generated from the table of settings: `.env.example`, docs/settings.md, the README's table.
import { profileNames, profiles } from './profiles.ts';
import { type SettingGroup, type SettingName, settingGroups, settingNames, settingOf } from './settings.ts';

const markers = { start: '<!-- settings:start -->', end: '<!-- settings:end -->' } as const;
const readmeGroups: readonly SettingGroup[] = ['Start here', 'Secrets', 'Storage'];

/**
 * Every document by its path from the project's root.
 * @param readme The README's current text; the README is left out if this is undefined or lacks the two markers.
 */
export function documents(readme: string | undefined): ReadonlyMap<string, string> {
  const made = new Map([
    ['.env.example', envExample()],
    ['docs/settings.md', settingsPage()],
  ]);
  const withTable = readme === undefined ? undefined : withReadmeTable(readme);
  if (withTable !== undefined) made.set('README.md', withTable);
  return made;
}

/** The text of `.env.example`: LF, under 120 columns, the `example` values uncommented, every other default commented out. */
export function envExample(): string {
  const intro = [
    '# Settings of Gatehouse. `npm run generate-secrets` makes .env from this file and fills in the secrets.',
    '# Lines like "# PORT=3000" show a default: remove the "# " to change it. Empty means unset.',
    '# NAME_FILE=/path reads the value of NAME from a file. Made by `npm run docs`: edit .env, not this file.',
  ];
  const groups = settingGroups.map(([group, names]) =>
    [[`## ${group}`], ...names.map(exampleLines)].map((lines) => lines.join('\n')).join('\n\n'),
  );
  return `${[intro.join('\n'), ...groups].join('\n\n')}\n`;
}

/** Every setting as Markdown: for each group a heading and a table (name, default, meaning). */
export function settingsTable(): string {
  return settingGroups.map(([group, names]) => `### ${group}\n\n${markdownTable(names)}`).join('\n\n');
}

/** The README's shorter table: the groups that nearly everyone needs. */
export function readmeTable(): string {
  const names = settingGroups.flatMap(([group, names]) => (readmeGroups.includes(group) ? names : []));
  return `${markdownTable(names)}\n\nAll ${settingNames.length} settings: [docs/settings.md](docs/settings.md).`;
}

/** `readme` with a fresh table between its markers; undefined if it has no such markers. */
export function withReadmeTable(readme: string): string | undefined {
  const start = readme.indexOf(markers.start);
  const end = readme.indexOf(markers.end, start);
  if (start < 0 || end < 0) return undefined;
  return `${readme.slice(0, start + markers.start.length)}\n${readmeTable()}\n${readme.slice(end)}`;
}

function settingsPage(): string {
  return `# Settings

Made from \`src/config/settings.ts\` by \`npm run docs\`. Settings come from the environment, from \`.env\`, or from a file that
\`NAME_FILE\` names; the environment takes precedence over \`.env\`, and empty means unset. Durations are seconds or a form like \`1h30m\`;
those of oauth2-proxy need a unit. If the server refuses to start, it reports every problem in one go.

${settingsTable()}

### What the profiles set

A variable that is set takes precedence over the profile. oauth2-proxy reads its own variables (\`OAUTH2_PROXY_…\`) itself and
has no profiles: set them to the same values.

| name | ${profileNames.map((name) => `\`${name}\``).join(' | ')} |
|---|${'---|'.repeat(profileNames.length)}
${profileRows()
  .map(([name, ...cells]) => `| \`${name}\` | ${cells.map((cell) => `\`${cell}\``).join(' | ')} |`)
  .join('\n')}
`;
}

function exampleLines(name: SettingName): string[] {
  const { about, example, default: plain, defaultNote } = settingOf(name);
  const lines = comment(about);
  if (defaultNote) lines.push(...comment(`Default: ${defaultNote}.`));
  if (name === 'SECURITY_PROFILE') lines.push(...profileComment());
  lines.push(example === undefined ? `# ${name}=${plain ?? ''}` : `${name}=${example}`);
  return lines;
}

function profileComment(): string[] {
  const rows = [['', ...profileNames], ...profileRows()];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return [
    ...rows.map((row) =>
      `#   ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
    ),
    ...comment(
      'oauth2-proxy reads its own variables itself and has no profiles: set them below to the same values.',
    ),
  ];
}

/** A row for each variable that a profile sets: its name, then its value in each profile (the default if unset). */
function profileRows(): string[][] {
  const set = new Set(Object.values(profiles).flatMap((profile) => Object.keys(profile)));
  return settingNames
    .filter((name) => set.has(name))
    .map((name) => [name, ...profileNames.map((p) => profiles[p][name] ?? settingOf(name).default ?? '')]);
}

function markdownTable(names: readonly SettingName[]): string {
  const rows = names.map(
    (name) => `| \`${name}\` | ${defaultCell(name)} | ${settingOf(name).about.replaceAll('|', '\\|')} |`,
  );
  return ['| name | default | meaning |', '|---|---|---|', ...rows].join('\n');
}

function defaultCell(name: SettingName): string {
  const { default: plain, defaultNote, required } = settingOf(name);
  if (required) return 'required';
  return defaultNote ?? (plain ? `\`${plain}\`` : 'empty');
}

/** Plain comment lines of at most 110 columns: no Markdown, ASCII apostrophes. */
function comment(text: string): string[] {
  const lines = [''];
  for (const word of text.replaceAll('`', '').replaceAll('’', "'").split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last && last.length + word.length > 107) lines.push(word);
    else lines[lines.length - 1] = last ? `${last} ${word}` : word;
  }
  return lines.map((line) => `# ${line}`);
}
