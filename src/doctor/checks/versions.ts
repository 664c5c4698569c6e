// Checks of what is installed. The floors stand here with their reason; a newer one is a changed line.
import { type Check, of, quote, quoteAll, seenIf } from './check.ts';
import { isOlder } from './version-order.ts';

/** Below these something is known to be broken or open. */
const floors: readonly (readonly [name: string, floor: string, reason: string])[] = [
  ['express', '5.0.0', 'the program is written for Express 5'],
  ['express-session', '1.18.2', 'header handling (CVE-2025-7339)'],
  ['helmet', '8.0.0', 'the policy is written for helmet 8'],
  ['cookie', '0.7.0', 'names and values could break out of a cookie (CVE-2024-47764)'],
  ['ioredis', '5.0.0', 'Sentinel and Cluster as they are used here'],
  ['sanitize-html', '2.12.1', 'could tell which files exist (CVE-2024-21501)'],
  ['csurf', '1.16.0', 'the archived original; the maintained fork goes by this name'],
];

/** What runs the sources as they are. */
export const oldestNode = '24.12.0';

export const versionChecks: readonly Check[] = [
  {
    id: 'versions.node',
    subject: 'Versions',
    severity: 'high',
    good: 'Node.js is 24.12 or newer',
    why: 'Older ones cannot run the program as it is, and get no security fixes for it.',
    mend: 'npm ci',
    judge: ({ software }) =>
      seenIf(isOlder(software.node, oldestNode) && `Node.js ${quote(software.node)} runs this.`),
  },
  {
    id: 'versions.installed',
    subject: 'Versions',
    severity: 'medium',
    good: 'What is installed is what package-lock.json names',
    why: 'Another version was not tried here; one that nobody chose may be somebody else’s.',
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
    good: 'No installed package is below the version that it must have',
    why: 'Below it something is known to be open or broken.',
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
