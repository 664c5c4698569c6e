// Generates docs/redis.md from the table of Redis permissions.
import { aclRules, type RedisRight, redisRights } from './redis-rights.ts';

const listOf = (need: RedisRight['need']) =>
  redisRights
    .filter((right) => right.need === need)
    .map(({ command }) => `\`${command}\``)
    .join(', ');

const optional = redisRights
  .filter(({ need }) => need === 'optional')
  .map(({ command, about = '' }) => `| \`${command}\` | ${about} |`)
  .join('\n');

export function redisDocument(): string {
  const rules = aclRules('gatehouse:', '__Host-_oauth2_proxy');
  return `# Redis

Made from \`src/store/redis-rights.ts\` by \`npm run docs\`. The tests run the store and the whole program as this user.

Redis 7.0 or newer, or a Valkey of that age; with \`redis+cluster://\` a Cluster, with \`redis+sentinel://\` a primary behind Sentinel.

## One store, one deployment

On first use Gatehouse leaves a mark in the store: whose it is, by the keys of the deployment and its \`PUBLIC_URL\`. Another deployment does
not start on it, and neither does a command of the terminal with other settings. To have several in one Redis, give each its own:

\`\`\`sh
REDIS_PREFIX=desk2:                 # its own keys in the same database (works on a Cluster too), or
REDIS_URL=redis://localhost:6379/1  # a database of its own
\`\`\`

| what changes | what happens |
|---|---|
| \`SECRET_KEY\` is rotated, its predecessor among the fallbacks | nothing: the mark follows |
| \`SECRET_KEY\` is replaced without fallbacks (\`--emergency\`) | nothing: the generator keeps the record's former key in \`AUDIT_KEY_FALLBACKS\`, and by it the owner is known |
| \`SECRET_KEY\` is lost | the start is refused; \`gatehouse store take-over --yes\`, once |
| \`PUBLIC_URL\` | the mark follows at the next start, and the log says so |
| Redis is emptied while the server runs | the mark is written again within seconds; where another deployment was faster, nothing is served until that is settled |

Under Compose: \`docker compose run --rm app node src/main.ts store take-over --yes\`. The same mark is in the SQLite file.

## A user of its own

\`\`\`
ACL SETUSER gatehouse on >PASSWORD ${rules.join(' ')}
\`\`\`

Then \`REDIS_URL=redis://gatehouse:PASSWORD@localhost:6379/0\`. Put your \`REDIS_PREFIX\` and the name of oauth2-proxy's cookie (\`GATE_COOKIE_NAME\`)
in the place of \`gatehouse:\` and \`__Host-_oauth2_proxy\`. Where oauth2-proxy keeps its sessions in its cookie, leave out the patterns with that
name and the commands of the gate. Broader rules, like \`+@all -@dangerous -@admin\`, do as well.

Needed: ${listOf('needed')}.

For the gate's sessions, with \`GATE_SESSION_STORE=redis\`: ${listOf('gate')}. With \`redis+cluster://\`: ${listOf('cluster')}.

| useful, and not needed | for |
|---|---|
${optional}

## What Redis refuses

A connection whose database or user Redis refuses is not used: \`/readyz\` is 503 and says which command was refused, the log says it too, and
operators read it on the error page. Nothing is ever read or written in another database instead.
`;
}
