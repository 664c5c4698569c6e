// Sessions as an aligned table for the terminal.
import { ago, ahead, deviceName } from '../../views/format.ts';
import type { SessionSummary } from './rules/session-view.ts';

const titles = ['HANDLE', 'PERSON', 'DEVICE', 'NETWORK', 'LAST SEEN', 'ENDS'];

export function sessionLines(sessions: readonly SessionSummary[], now: number): string[] {
  const cells = sessions.map((session) => [
    session.handle,
    session.email,
    deviceName(session.device),
    session.network,
    ago(session.lastSeenAt, now),
    ahead(session.expiresAt, now),
  ]);
  const widths = titles.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i]?.length ?? 0)));
  return [titles, ...cells].map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
