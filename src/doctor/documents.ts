// Generates docs/checks.md from the table of checks and the table of symptoms.
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
          '| id | severity | what should hold, and why | fix |',
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

Generated from \`src/doctor/\` by \`npm run docs\`. \`gatehouse doctor\` runs these ${checks.length} checks on the current folder;
\`--url https://desk.example.org\` also looks from outside. The page “Check-up” runs those that make sense inside the server.
The check-up changes nothing and prints no secret. Each check ends in one of four ways: it passed, it found something, there
was nothing to look at from here (*not checked*, with the reason), or what it looks at exists but could not be read (*could not
be read*, with the file and the line). The last counts like a finding of the check's severity: it is never an all-clear.

Compose files are read as Compose reads them: every file that \`COMPOSE_FILE\` names, override files, \`extends\`,
\`include\`, anchors and merge keys, profiles, variables with their defaults, \`!reset\` and \`!override\`. oauth2-proxy.cfg is read
with the names and kinds of values that oauth2-proxy knows, and git itself is asked what it ignores.

Severities: ${severities.map((severity) => `\`${severity}\``).join(', ')}. The exit code is 1 for findings, and for what could not be read, at
\`--fail-on\` or above (default \`high\`); 2 if the check-up could not run; 3 if it found nothing but could not see oauth2-proxy’s
settings, as in the app’s container. The last line is then the command that sees them.

From outside, it sends only GET requests without cookies: two with forged identity headers, one with a forged
\`X-Forwarded-Uri\`. From the answers it sees whether the made-up person is named, let in or given a cookie, and whether the
app answered where the gate should have. It cannot see which headers reach an app that ignores them, as this one does;
for that, \`gate.strip-headers\` and \`gate.prefer-email\` read the gate's settings.

\`gatehouse doctor --app NAME\` looks at one app behind the guard instead, as somebody without a sign-in: the checks of “An app behind
the guard” and “The guard”. It asks the app's own address, or \`--front 127.0.0.1:8443\` in its place, and sends forged headers,
cookies and keys, all of them random words. What reaches the guard is told by the guard itself, to a holder of \`SECRET_KEY\` alone. What
reaches the app is seen only if an answer of the app shows it, on a path that needs no sign-in: a public path of the app, or one
that \`--echo\` names. Otherwise those checks are *not checked*, as “not seen”. \`--direct http://10.0.0.5:3000\` tries whether the app answers
without the reverse proxy. It cannot try what happens to people who are signed in, nor a guard that does not answer.

## When something is wrong

\`gatehouse doctor --symptom "signed out at once"\` runs only the checks for that symptom.

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
