// SIGHUP: read the settings again. The end of a terminal sends the same signal, and means what it always did.
import { closeSync, openSync } from 'node:fs';

export interface Reloadable {
  reload(): Promise<void>;
}

/** On Windows nothing: there the signal says that the console window is closing. */
export function reloadOnHangup({ reload }: Reloadable): void {
  if (process.platform === 'win32') return;
  const startedOnTerminal = hasTerminal();
  process.on('SIGHUP', () => {
    if (startedOnTerminal && !hasTerminal()) process.kill(process.pid, 'SIGTERM');
    else void reload();
  });
}

/** /dev/tty opens as long as the terminal that this process was started on is there. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}
