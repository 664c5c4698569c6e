// Checks of what is installed, against the minimum versions listed here with their reasons.
import { type Check, of, quote, quoteAll, seenIf } from './check.ts';

/** Older versions are known to be broken or vulnerable. */
const floors: readonly (readonly [name: string, floor: string, reason: string])[] = [
  ['express', '5.0.0', 'the program is written for Express 5'],
  ['express-session', '1.18.2', 'header handling (CVE-2025-7339)'],
  ['helmet', '8.0.0', 'the policy is written for helmet 8'],
  ['cookie', '0.7.0', 'names and values could break out of a cookie (CVE-2024-47764)'],
  ['ioredis', '5.0.0', 'needed for Sentinel and Cluster'],
  ['sanitize-html', '2.12.1', 'could reveal which files exist (CVE-2024-21501)'],
  ['csurf', '1.16.0', 'the archived original; a maintained fork is installed under this name'],
];

/** The oldest Node.js that runs the TypeScript sources directly. */
export const oldestNode = '24.12.0';

export const versionChecks: readonly Check[] = [
  {
    id: 'versions.node',
    subject: 'Versions',
    severity: 'high',
    good: 'Node.js is 24.12 or newer',
    why: 'Older versions cannot run the program, and may get no security fixes.',
    mend: 'npm ci',
    judge: ({ software }) =>
      seenIf(isOlder(software.node, oldestNode) && `Node.js ${quote(software.node)} runs this.`),
  },
  {
    id: 'versions.installed',
    subject: 'Versions',
    severity: 'medium',
    good: 'The installed packages match package-lock.json',
    why: 'Other versions were not tested; one that nobody chose may have been tampered with.',
    mend: 'npm ci',
    judge: of(
      (d) => d.software.packages,
      (packages) => {
        const other = packages.filter(({ installed, locked }) => installed !== locked);
        return seenIf(
          other.length > 0 &&
            `${quoteAll(other.map(({ name, installed, locked }) => `${name} ${installed}, not ${locked}`))}.`,
        );
      },
    ),
  },
  {
    id: 'versions.floor',
    subject: 'Versions',
    severity: 'high',
    good: 'Every package has at least its minimum version',
    why: 'Older versions are known to be vulnerable or broken.',
    mend: 'npm ci',
    judge: of(
      (d) => d.software.packages,
      (packages) => {
        const low = floors.flatMap(([name, floor, reason]) => {
          const found = packages.find((one) => one.name === name);
          return found && isOlder(found.installed, floor)
            ? [`${name} ${found.installed} (${floor}: ${reason})`]
            : [];
        });
        return seenIf(low.length > 0 && `${low.join('; ')}.`);
      },
    ),
  },
];

/** Whether `version` is older than `floor`. Compares the first three numbers. */
export function isOlder(version: string, floor: string): boolean {
  const [a, b] = [version, floor].map((text) => (text.match(/\d+/g) ?? []).slice(0, 3).map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (a?.[i] ?? 0) - (b?.[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
