// Checks of the versions of oauth2-proxy, Redis, Valkey and Node.js against the table of advisories.
import { type AdvisedSoftware, floorOf, lastLookedThroughAt, openAdvisories } from './advisory-table.ts';
import { type Check, notChecked, of, quote, seenIf, unread } from './check.ts';
import { isOlder, oldestNode } from './versions.ts';

const dayMs = 86_400_000;
/** The projects in the table publish fixes every few months. */
const maxAgeMs = 90 * dayMs;

/** The advisories that affect a version, as sentences; empty if there are none. */
function openTo(software: AdvisedSoftware, version: string): string {
  return openAdvisories(software, version)
    .map(({ id, severity, allows }) => `${id} (${severity}) allows ${allows}.`)
    .join(' ');
}

export const advisoryChecks: readonly Check[] = [
  {
    id: 'gate.version',
    subject: 'Versions',
    severity: 'high',
    good: `oauth2-proxy is ${floorOf('oauth2-proxy')} or newer`,
    why: 'In older versions, requests can get past the sign-in.',
    mend: 'image: quay.io/oauth2-proxy/oauth2-proxy:v7.15.6',
    judge: of(
      (d) => d.software.gate,
      ({ version, from }) => {
        if (!/^\d+\.\d+/.test(version)) return unread(`${from} does not state a version`);
        const faults = openTo('oauth2-proxy', version);
        return seenIf(faults !== '' && `${from} is ${quote(version)}. ${faults}`);
      },
    ),
  },
  {
    id: 'redis.advisories',
    subject: 'Versions',
    severity: 'medium',
    good: 'No advisory is known for this version of Redis or Valkey',
    why: 'Most of these need the Redis password, which the app and oauth2-proxy hold. Your distribution may have fixed its package without changing the version number: its security tracker tells.',
    mend: 'docker compose pull redis && docker compose up -d redis',
    judge: of(
      (d) => d.redis,
      (facts) => {
        const answering = facts.filter(({ unreachable }) => unreachable === undefined);
        if (answering.length === 0) return notChecked('Redis does not answer');
        const texts = answering.map(({ setting, release }) => {
          const faults = release && openTo(release.software, release.version);
          return faults ? `${setting}: ${release.software} ${quote(release.version)}. ${faults}` : '';
        });
        const unknown = answering.filter(({ release }) => !release).map(({ setting }) => setting);
        const fault = texts.filter(Boolean).join(' ');
        if (fault === '' && unknown.length > 0)
          return notChecked(`${unknown.join(' and ')} does not report its version`);
        return seenIf(fault);
      },
    ),
  },
  {
    id: 'versions.node-advisories',
    subject: 'Versions',
    severity: 'medium',
    good: 'No advisory that matters here is known for this version of Node.js',
    why: 'The app answers requests from the internet through the gate and calls other services over TLS.',
    mend: 'docker compose build --pull app && docker compose up -d app',
    judge: ({ software }) => {
      if (isOlder(software.node, oldestNode)) return notChecked('it is too old anyway; see versions.node');
      const faults = openTo('Node.js', software.node);
      return seenIf(faults !== '' && `Node.js ${quote(software.node)} runs this. ${faults}`);
    },
  },
  {
    id: 'versions.advisories-age',
    subject: 'Versions',
    severity: 'low',
    good: 'The list of advisories was reviewed in the last 90 days',
    why: 'Advisories published since then are missing, so the checks above do not know about them.',
    mend: 'Update Gatehouse, and read the release notes of oauth2-proxy, Redis and Node.js',
    judge: ({ at }) => {
      const days = Math.floor((at - lastLookedThroughAt) / dayMs);
      const since = new Date(lastLookedThroughAt).toISOString().slice(0, 10);
      return seenIf(
        at - lastLookedThroughAt > maxAgeMs && `It was last reviewed on ${since}, ${days} days ago.`,
      );
    },
  },
];
