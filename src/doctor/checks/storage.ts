// Checks whether the store's space will last, from the growth that the running server measured.
import type { RoomFact } from '../deployment.ts';
import { type Check, of, seenIf } from './check.ts';

const soonDays = 30;
const nearlyFull = 0.9;
const megabyte = 1024 * 1024;

export const storageChecks: readonly Check[] = [
  {
    id: 'store.room',
    subject: 'Files',
    severity: 'medium',
    good: 'The store has enough space for the next month',
    why: 'A full store can still sign people out, but nobody can sign in and nothing can be changed. The forecast is based on the last two weeks.',
    mend: 'redis-cli CONFIG SET maxmemory 256mb   # or a larger disk; or a smaller AUDIT_RETENTION_DAYS (docs/deploy.md has a table)',
    judge: of(
      (d) => d.room,
      (room) => seenIf(fault(room)),
    ),
  },
];

function fault({ usedBytes, mostBytes, bytesADay, daysLeft }: RoomFact): string | false {
  if (mostBytes === undefined) return false;
  const used = `${mega(usedBytes)} of ${mega(mostBytes)} MB are used`;
  if (daysLeft !== undefined && bytesADay !== undefined && daysLeft < soonDays)
    return `${used}; at ${mega(bytesADay)} MB a day it is full in about ${Math.floor(daysLeft)} days.`;
  return usedBytes > mostBytes * nearlyFull && `${used}.`;
}

function mega(bytes: number): string {
  const count = bytes / megabyte;
  return count < 10 ? count.toFixed(1) : Math.round(count).toLocaleString('en');
}
