// SIGHUP reads the settings again. A closing terminal sends the same signal; then it ends the process, as it does by default.
import { closeSync, openSync } from 'node:fs';

export interface Reloadable {
  reload(): Promise<void>;
}

/** Does nothing on Windows, where the signal says that the console window is closing. */
export function reloadOnHangup({ reload }: Reloadable): void {
  if (process.platform === 'win32') return;
  const startedOnTerminal = hasTerminal();
  process.on('SIGHUP', () => {
    if (startedOnTerminal && !hasTerminal()) process.kill(process.pid, 'SIGTERM');
    else void reload();
  });
}

/** /dev/tty can be opened as long as the terminal that started this process exists. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}
