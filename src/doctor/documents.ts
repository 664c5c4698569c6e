// docs/checks.md, made from the table of checks and the table of symptoms.

import { checks } from './checks/all-checks.ts';
import { severities, subjects } from './checks/check.ts';
import { symptoms } from './symptoms.ts';

export function checksPage(): string {
  const groups = subjects.flatMap((subject) => {
    const inside = checks
      .filter((check) => check.subject === subject)
      .map(
        ({ id, severity, good, why, mend }) =>
          `| \`${id}\` | ${severity} | ${cell(good)}. ${cell(why)} | ${code(mend)} |`,
      );
    return inside.length === 0
      ? []
      : [
          `### ${subject}`,
          '',
          '| id | severity | all is well when … and why | mend |',
          '|---|---|---|---|',
          ...inside,
          '',
        ];
  });
  const rows = symptoms.map(
    ({ says, checks: ids, lookAt }) =>
      `| ${cell(says)} | ${ids.map((id) => `\`${id}\``).join(', ')} | ${cell(lookAt)} |`,
  );
  return `# The check-up

Made from \`src/doctor/\` by \`npm run docs\`. \`gatehouse doctor\` runs these ${checks.length} checks over the folder that it stands in;
\`--url https://desk.example.org\` looks from outside too. The page “Check-up” runs those that make sense inside the server.
Nothing is changed, and no secret is printed. Each check ends in one of four ways: it passed, it found something, there was
nothing to look at from here (*not checked*, with the reason), or what it looks at is there and could not be read (*could not
be read*, with the file and the line). What could not be read counts like a finding of its severity: it is never an all-clear.

Compose files are read as Compose reads them: every file that \`COMPOSE_FILE\` names or that lies over another, \`extends\`,
\`include\`, anchors and merge keys, profiles, variables with their defaults, \`!reset\` and \`!override\`. oauth2-proxy.cfg is read
with the names and kinds of values that oauth2-proxy knows, and git itself is asked what it ignores.

Severities: ${severities.map((severity) => `\`${severity}\``).join(', ')}. The exit code is 1 for findings, and for what could not be read, from \`--fail-on\` on
(default \`high\`), 2 where it could not run, 3 where nothing was found but oauth2-proxy’s settings could not be seen, as in the app’s
container; the last line is then the command that sees them.

From outside it sends GET requests only, without cookies: two with made-up identity headers, one with a made-up
\`X-Forwarded-Uri\`. It can see what the answers do with them: whether the made-up person is named, let in or given a
cookie, and whether the app itself answered where the gate should have. It cannot see what arrives at an app that
ignores it, as this one does; for that \`gate.strip-headers\` and \`gate.prefer-email\` read the gate's settings.

## When something is wrong

\`gatehouse doctor --symptom "signed out at once"\` runs only the checks of one line.

| symptom | checks that explain it | look at |
|---|---|---|
${rows.join('\n')}

## The checks

${groups.join('\n').trimEnd()}
`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function code(text: string): string {
  return text
    .split('\n')
    .map((line) => `\`${cell(line).replaceAll('`', '')}\``)
    .join('<br>');
}
