// The table of published advisories about the software that Gatehouse depends on, with the date of the last review.
// Add a row only from the project's own announcement: its advisory or its release notes.
import { isOlder } from './versions.ts';

export type AdvisedSoftware = 'oauth2-proxy' | 'Redis' | 'Valkey' | 'Node.js';

export interface Advisory {
  readonly software: AdvisedSoftware;
  /**
   * The first version with the fix in each release line that got it, oldest first. A release line that is not listed and is
   * older than the last one listed has no fix.
   */
  readonly below: readonly string[];
  /** The first version with the fault; absent: every version before the fix. */
  readonly since?: string;
  readonly id: string;
  /** The project's own rating; `unrated` if its release notes give none. */
  readonly severity: 'critical' | 'high' | 'moderate' | 'low' | 'unrated';
  /** What it lets somebody do: the end of "It allows …". */
  readonly allows: string;
}

/** When somebody last compared the table below with the projects' announcements. UTC midnight, milliseconds. */
export const lastLookedThroughAt = Date.parse('2026-11-28T00:00:00Z');

const redisMay2026 = ['7.2.14', '7.4.9', '8.2.6', '8.4.3', '8.6.3'];
const redisOctober2025 = ['6.2.20', '7.2.11', '7.4.6', '8.0.4', '8.2.2'];
const valkeyMay2026 = ['8.0.9', '8.1.7', '9.0.4'];

export const advisories: readonly Advisory[] = [
  {
    software: 'oauth2-proxy',
    below: ['7.15.2'],
    id: 'GHSA-5hvv-m4w4-gf6v',
    severity: 'critical',
    allows: 'every page without a sign-in, with the user agent of a health check',
  },
  {
    software: 'oauth2-proxy',
    below: ['7.15.2'],
    id: 'GHSA-7x63-xv5r-3p2x',
    severity: 'critical',
    allows: 'every page without a sign-in, with a made-up X-Forwarded-Uri',
  },
  {
    software: 'oauth2-proxy',
    below: ['7.15.2'],
    id: 'GHSA-pxq7-h93f-9jrg',
    severity: 'high',
    allows: 'protected pages without a sign-in, with a # in the address',
  },
  {
    software: 'oauth2-proxy',
    below: ['7.15.2'],
    id: 'GHSA-c5c4-8r6x-56w3',
    severity: 'moderate',
    allows: 'addresses with more than one @ past the rule of allowed domains',
  },
  {
    software: 'oauth2-proxy',
    below: ['7.15.5'],
    id: 'GHSA-63jm-59jj-478j',
    severity: 'critical',
    allows: 'protected pages without a sign-in, with an address that the gate and the app read differently',
  },
  {
    software: 'oauth2-proxy',
    below: ['7.15.5'],
    id: 'GHSA-wr5q-7wxw-x568',
    severity: 'critical',
    allows: 'a made-up client address, which trusted_ips lets in without a sign-in',
  },
  {
    software: 'oauth2-proxy',
    below: ['7.15.5'],
    id: 'GHSA-hhqp-vx7f-5c6m',
    severity: 'moderate',
    allows: 'whoever reads the log to see codes and cookies of failed sign-ins',
  },
  {
    software: 'Redis',
    below: redisOctober2025,
    id: 'CVE-2025-49844',
    severity: 'critical',
    allows: 'a client that may run scripts to run code on the server',
  },
  {
    software: 'Redis',
    below: redisOctober2025,
    id: 'CVE-2025-46818',
    severity: 'moderate',
    allows: 'a script to run with the rights of another user',
  },
  {
    software: 'Redis',
    since: '7.2.0',
    below: redisMay2026,
    id: 'CVE-2026-23479',
    severity: 'high',
    allows: 'a client to run code on the server (a blocked client that is evicted)',
  },
  {
    software: 'Redis',
    below: redisMay2026,
    id: 'CVE-2026-25243',
    severity: 'high',
    allows: 'a client that may RESTORE to run code on the server',
  },
  {
    software: 'Redis',
    below: redisMay2026,
    id: 'CVE-2026-23631',
    severity: 'high',
    allows: 'a client that may run scripts to run code on the server',
  },
  {
    software: 'Redis',
    since: '8.0.0',
    below: ['8.2.9', '8.4.6', '8.6.6', '8.8.2', '8.10.1'],
    id: 'CVE-2026-62356',
    severity: 'high',
    allows: 'a prepared dump to overwrite memory while it is loaded',
  },
  {
    software: 'Valkey',
    below: ['7.2.12', '8.0.7', '8.1.6', '9.0.3'],
    id: 'CVE-2025-67733',
    severity: 'high',
    allows: 'a script to forge answers to other requests on the same connection',
  },
  {
    software: 'Valkey',
    since: '9.0.0',
    below: ['9.0.3'],
    id: 'CVE-2026-27623',
    severity: 'high',
    allows: 'whoever reaches the port to stop the server, without a password',
  },
  {
    software: 'Valkey',
    below: valkeyMay2026,
    id: 'CVE-2026-23479',
    severity: 'high',
    allows: 'a client to use freed memory (a blocked client that is evicted)',
  },
  {
    software: 'Valkey',
    below: valkeyMay2026,
    id: 'CVE-2026-25243',
    severity: 'high',
    allows: 'a client that may RESTORE to read and write memory of the server',
  },
  {
    software: 'Valkey',
    below: ['8.1.9', '9.0.5', '9.1.1'],
    id: 'CVE-2026-56684',
    severity: 'unrated',
    allows: 'a client over TLS to run code on the server with CLIENT KILL',
  },
  {
    software: 'Node.js',
    below: ['24.14.1', '25.8.2'],
    id: 'CVE-2026-21717',
    severity: 'moderate',
    allows: 'whoever sends JSON to keep the server busy with colliding keys',
  },
  {
    software: 'Node.js',
    below: ['24.17.0', '26.3.1'],
    id: 'CVE-2026-48618',
    severity: 'high',
    allows: 'a server with a wildcard certificate to pass for another name, with other dots in the name',
  },
  {
    software: 'Node.js',
    below: ['24.17.0', '26.3.1'],
    id: 'CVE-2026-48931',
    severity: 'low',
    allows: 'a server that is called to place its answer before that to another request',
  },
  {
    software: 'Node.js',
    below: ['24.18.1', '26.5.1'],
    id: 'CVE-2026-58040',
    severity: 'moderate',
    allows: 'a server that is called to skip the check of its name when a TLS session is used again',
  },
  {
    software: 'Node.js',
    below: ['24.18.1', '26.5.1'],
    id: 'CVE-2026-58044',
    severity: 'low',
    allows: 'requests with very many headers to be read differently here and by the proxy before it',
  },
];

/** How many numbers name a release line: 24 of 24.18.1, 8.2 of 8.2.9. oauth2-proxy has one line, always the newest. */
const lineParts: Record<AdvisedSoftware, number> = { 'oauth2-proxy': 0, Redis: 2, Valkey: 2, 'Node.js': 1 };

/** The advisories that this version is open to. @param version like `8.2.5`; a `v` before it is allowed */
export function openAdvisories(software: AdvisedSoftware, version: string): readonly Advisory[] {
  const line = (text: string) => text.replace(/^v/, '').split('.').slice(0, lineParts[software]).join('.');
  return advisories.filter(({ software: about, since, below }) => {
    if (about !== software || (since !== undefined && isOlder(version, since))) return false;
    const fixed = below.find((first) => line(first) === line(version)) ?? below.at(-1);
    return fixed !== undefined && isOlder(version, fixed);
  });
}

/** The first version that is open to none of them, of the newest line. */
export function floorOf(software: AdvisedSoftware): string {
  const newest = advisories.flatMap(({ software: about, below }) => (about === software ? below : []));
  return newest.reduce((floor, version) => (isOlder(floor, version) ? version : floor), '0.0.0');
}
