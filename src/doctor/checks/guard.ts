// Checks of the guard: where it listens, and the apps file.
import { isLoopback } from '../../config/local-addresses.ts';
import type { GuardFacts } from '../deployment.ts';
import { type Check, notChecked, of, ofGate, quote, quoteAll, seenIf, unlessDoubted } from './check.ts';

const ofGuard = (judge: Parameters<typeof of<GuardFacts>>[1]): Check['judge'] => {
  const judged = of((d) => d.guard, judge);
  return (deployment) => unlessDoubted(judged(deployment), deployment.doubts.config);
};

/** Networks of one's own: RFC 1918, RFC 4193, and addresses that only one link knows. */
const ownNetwork = /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|f[cd][\da-f]{2}:|fe80:)/i;

const appNames = ({ apps }: GuardFacts) => apps.map(({ name }) => name);

export const guardChecks: readonly Check[] = [
  {
    id: 'guard.apps-missing',
    subject: 'The guard',
    severity: 'high',
    good: 'The apps file exists',
    why: 'Without it, the guard knows no app and refuses every request of every app.',
    mend: "echo 'apps: {}' > access/apps.yaml",
    judge: ofGuard(({ listen, appsFile, appsPath }, { runBy, inContainer }) => {
      // docker-compose.yml always sets it, and an app's container may have no apps.
      if (!appsFile && listen.kind === 'port' && (runBy === 'compose' || inContainer))
        return notChecked('there is no apps file, so no app is behind the guard');
      return seenIf(appsFile === undefined && `GUARD_LISTEN is set, but there is no ${quote(appsPath)}.`);
    }),
  },
  {
    id: 'guard.apps-valid',
    subject: 'The guard',
    severity: 'high',
    good: 'The apps file has no mistake',
    why: 'With a mistake, the former rules stay in force: whoever you removed still gets in. A server that starts has no rules at all.',
    mend: 'Correct the named lines, then run gatehouse doctor again.',
    judge: ofGuard(({ appsFile, faults }) => {
      if (appsFile === undefined) return notChecked('there is no apps file; see guard.apps-missing');
      return seenIf(faults.slice(0, 5).join(' '));
    }),
  },
  {
    id: 'guard.apps-writable',
    subject: 'The guard',
    severity: 'high',
    good: 'Only its owner can change the apps file',
    why: 'Anyone who can write to it can open every app to themselves.',
    mend: 'chmod o-w access/apps.yaml',
    judge: ofGuard(({ appsFile }) => {
      if (appsFile?.mode === undefined)
        return notChecked('there is no apps file, or this system has no file permissions');
      return seenIf(
        (appsFile.mode & 0o002) !== 0 && `Everyone on this machine can write to ${quote(appsFile.path)}.`,
        `chmod o-w ${appsFile.path}`,
      );
    }),
  },
  {
    id: 'guard.listen',
    subject: 'The guard',
    severity: 'high',
    good: 'Only the reverse proxy reaches the guard',
    why: 'The guard believes what comes with an app’s key: a leaked key is of use only to somebody who reaches it.',
    mend: 'GUARD_LISTEN=unix:/run/gatehouse/guard.sock',
    judge: ofGuard(({ listen }, { runBy, inContainer }) => {
      if (listen.kind === 'socket') return 'passed';
      if (runBy === 'compose' || inContainer)
        return notChecked('in a container, its network decides; see network.published-ports');
      const { host, port } = listen;
      const isOwn = isLoopback(host) || ownNetwork.test(host);
      return seenIf(!isOwn && `GUARD_LISTEN is ${quote(`${host}:${port}`)}.`);
    }),
  },
  {
    id: 'guard.socket',
    subject: 'The guard',
    severity: 'high',
    good: 'Not everybody on this machine can enter the folder of the guard’s socket',
    why: 'Any program on this machine could ask the guard, and try keys and codes.',
    mend: 'chmod 750 /run/gatehouse',
    judge: ofGuard(({ listen }) => {
      if (listen.kind === 'port') return 'passed';
      const { path, mode } = listen.folder;
      if (mode === undefined)
        return notChecked('the folder of the socket does not exist yet, or this system has no permissions');
      return seenIf(
        (mode & 0o003) !== 0 && `${quote(path)} has mode ${mode.toString(8).padStart(4, '0')}.`,
        `chmod o= ${path}`,
      );
    }),
  },
  {
    id: 'guard.gate-domains',
    subject: 'The guard',
    severity: 'medium',
    good: 'oauth2-proxy neither redirects to an app nor shares its cookie with one',
    why: 'The guard needs neither: apps are reached by way of the desk. With cookie_domains, every app receives the whole sign-in and could replay it; with whitelist_domains, a link to the desk can lead to an app.',
    mend: 'cookie_domains = []\nwhitelist_domains = []',
    judge: ofGate((gate, deployment) =>
      ofGuard(({ apps }) => {
        const options = [
          ['cookie_domains', true],
          ['whitelist_domains', false],
        ] as const;
        const named = options.flatMap(([option, isAlwaysWide]) => {
          const isNamed = (domain: string) => apps.some(({ host }) => isWithin(host, domain, isAlwaysWide));
          const found = gate.list(option).filter(isNamed);
          return found.length > 0 ? [`${option} names ${quoteAll(found)}`] : [];
        });
        return seenIf(named.length > 0 && `${named.join('; ')}.`);
      })(deployment),
    ),
  },
  {
    id: 'guard.names',
    subject: 'The guard',
    severity: 'high',
    good: 'No two people have the same name in an app',
    why: 'With `user-is: name`, an app is told only the part of the address before the @: two such people are one account there.',
    mend: 'Write `user-is: email` (or `id`) for that app, and rename its accounts.',
    judge: ofGuard((guard, { gate }) => {
      const named = guard.apps.filter(({ isToldNames }) => isToldNames);
      const shared = named.filter(({ sharedNames }) => sharedNames.length > 0);
      if (shared.length > 0)
        return {
          seen: `${shared.map(({ name, sharedNames }) => `${quote(name)}: two people are ${quoteAll(sharedNames)}`).join('; ')}.`,
        };
      if (named.length > 0 && 'found' in gate && gate.found.list('email_domains').length > 0)
        return notChecked('email_domains also lets in people who are not listed');
      if (guard.faults.length > 0 && appNames(guard).length === 0)
        return notChecked('the apps file has a mistake; see guard.apps-valid');
      return 'passed';
    }),
  },
];

/** `.example.org` and `*.example.org` stand for every host below; a cookie's domain always does. A port may follow. */
function isWithin(host: string, domain: string, isAlwaysWide: boolean): boolean {
  const bare = domain.toLowerCase().replace(/:[\d*]+$/, '');
  const top = bare.replace(/^\*?\./, '');
  return host === top || ((isAlwaysWide || bare !== top) && host.endsWith(`.${top}`));
}
