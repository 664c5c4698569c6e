// Checks of the clocks of this machine, Redis and the server.
import { type Check, notChecked, of, seenIf } from './check.ts';

const skewMs = 5_000;

export const clockChecks: readonly Check[] = [
  {
    id: 'clock.redis',
    subject: 'Clocks',
    severity: 'medium',
    good: 'Redis and this machine agree on the time',
    why: 'Redis expires keys by its own clock: sessions end too early or too late.',
    mend: 'timedatectl set-ntp true',
    judge: of(
      (d) => d.redis,
      (facts) => {
        const known = facts.filter(({ clockAheadMs }) => clockAheadMs !== undefined);
        if (known.length === 0) return notChecked('Redis does not answer');
        return seenIf(
          known
            .filter(({ clockAheadMs = 0 }) => Math.abs(clockAheadMs) > skewMs)
            .map(({ setting, clockAheadMs = 0 }) => `${setting}: ${skew(clockAheadMs)}`)
            .join(' '),
        );
      },
    ),
  },
  {
    id: 'clock.retention',
    subject: 'Clocks',
    severity: 'high',
    good: 'The clock is plausible',
    why: 'While it is not, nothing is removed because of its age: no session, no person, no entry of the record, nothing in the vault.',
    mend: 'timedatectl set-ntp true\ngatehouse clock believe',
    judge: of(
      (d) => d.retention,
      ({ doubt }) =>
        seenIf(
          doubt !== undefined && doubts[doubt],
          doubt === 'ahead' ? 'gatehouse clock believe' : 'timedatectl set-ntp true',
        ),
    ),
  },
  {
    id: 'clock.live',
    subject: 'Clocks',
    severity: 'medium',
    good: 'The server and this machine agree on the time',
    why: 'A wrong clock signs people out immediately or far too late, and Google refuses sign-ins.',
    mend: 'timedatectl set-ntp true',
    judge: of(
      (d) => d.live,
      ({ clockAheadMs }) => {
        if (clockAheadMs === undefined) return notChecked('the answer had no Date header');
        return seenIf(Math.abs(clockAheadMs) > 30_000 && skew(clockAheadMs));
      },
    ),
  },
];

const doubts = {
  ahead:
    'The clock is more than a day ahead of when this store was last used. If it is right (the server was off), confirm it; otherwise set it.',
  behind: 'The clock went backwards. Set it.',
  redis: 'The clocks of the server and of Redis differ by more than an hour. Set the one that is wrong.',
} as const;

function skew(aheadMs: number): string {
  return `its clock is ${Math.round(Math.abs(aheadMs) / 1000)} seconds ${aheadMs > 0 ? 'ahead' : 'behind'}.`;
}
