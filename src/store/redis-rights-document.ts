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

Redis 7.0 or newer, or a compatible Valkey; \`redis+cluster://\` for a Cluster, \`redis+sentinel://\` for a primary behind Sentinel.

## One store, one deployment

On first use Gatehouse writes a mark to the store that identifies its owner by the keys of the deployment and its \`PUBLIC_URL\`. Another
deployment refuses to start on that store, and so does a terminal command with other settings. To keep several in one Redis, give each:

\`\`\`sh
REDIS_PREFIX=desk2:                 # its own keys in the same database (works with a Cluster too), or
REDIS_URL=redis://localhost:6379/1  # a database of its own
\`\`\`

| what changes | what happens |
|---|---|
| \`SECRET_KEY\` is rotated, its predecessor is in the fallbacks | nothing: the mark is updated |
| \`SECRET_KEY\` is replaced without fallbacks (\`--emergency\`) | nothing: the generator keeps the record's former key in \`AUDIT_KEY_FALLBACKS\`, which identifies the owner |
| \`SECRET_KEY\` is lost | the server does not start; run \`gatehouse store take-over --yes\` once |
| \`PUBLIC_URL\` | the mark is updated at the next start, and the log says so |
| Redis is emptied while the server runs | the mark is written again within seconds; if another deployment was faster, requests are refused until that is resolved |

Under Compose: \`docker compose run --rm app node src/main.ts store take-over --yes\`. The SQLite file has the same mark.

## A dedicated user

\`\`\`
ACL SETUSER gatehouse on >PASSWORD ${rules.join(' ')}
\`\`\`

Then \`REDIS_URL=redis://gatehouse:PASSWORD@localhost:6379/0\`. Replace \`gatehouse:\` with your \`REDIS_PREFIX\`, and
\`__Host-_oauth2_proxy\` with the name of oauth2-proxy's cookie (\`GATE_COOKIE_NAME\`). If oauth2-proxy keeps its sessions in its cookie, leave
out the patterns with that name and the commands for the gate. Broader rules, such as \`+@all -@dangerous -@admin\`, work too.

Needed: ${listOf('needed')}.

For the gate's sessions, with \`GATE_SESSION_STORE=redis\`: ${listOf('gate')}. With \`redis+cluster://\`: ${listOf('cluster')}.

| useful but not required | for |
|---|---|
${optional}

## What Redis refuses

If Redis refuses the database or the user, that connection is not used: \`/readyz\` answers 503 and says which command was refused, and so do
the log and, for operators, the error page. Gatehouse never reads or writes another database instead.
`;
}
