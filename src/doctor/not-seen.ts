// Tells what a check-up could not see from where it ran, and the command that sees it: the report must not look complete if it is not.
import type { Check } from './checks/check.ts';
import type { Deployment } from './deployment.ts';

export interface NotSeen {
  /** A whole sentence. */
  readonly unseen: string;
  /** Where to run the command. */
  readonly where: string;
  readonly command: string;
}

/** undefined: oauth2-proxy's settings were read, or no check in `table` needs them. */
export function notSeenIn(
  { gate, config, inContainer }: Deployment,
  table: readonly Check[],
): NotSeen | undefined {
  const found = 'found' in config ? config.found : undefined;
  const asksForGate = table.some(({ id }) => id.startsWith('gate.'));
  // A file that exists but cannot be read is already reported as unread.
  if ('found' in gate || gate.unread || found?.devMode || !asksForGate) return undefined;
  const where = inContainer
    ? 'on the host, in the folder of docker-compose.yml'
    : 'in the folder that has oauth2-proxy.cfg';
  return {
    unseen: inContainer
      ? 'oauth2-proxy was not checked: its settings, docker-compose.yml, .env and the ports of the host are outside this container.'
      : 'oauth2-proxy was not checked: there is no oauth2-proxy.cfg in this folder.',
    where,
    command: `npm run -s gatehouse -- doctor --url ${found?.publicOrigin ?? 'https://YOUR-NAME'}`,
  };
}
