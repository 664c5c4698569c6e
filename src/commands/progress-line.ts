// A sync's progress in a terminal: one line that is rewritten, or an occasional line if the output is not a terminal.
import type { Progress } from '../confluence/progress.ts';

export interface Screen {
  /** Whether a line can be overwritten. */
  readonly isTerminal: boolean;
  readonly columns: number;
  write(text: string): void;
}

const redrawMs = 100;
const lineMs = 5000;
const barWidth = 30;

/** @returns what to call at every progress, and at the end */
export function createProgressLine(screen: Screen, now: () => number) {
  let lastAt = Number.NEGATIVE_INFINITY;
  let drawn = false;
  return {
    show(progress: Progress): void {
      const isLast = progress.total > 0 && progress.done === progress.total;
      if (progress.state === 'idle' || (!isLast && now() - lastAt < (screen.isTerminal ? redrawMs : lineMs)))
        return;
      lastAt = now();
      drawn = screen.isTerminal;
      const text = lineOf(progress).slice(0, Math.max(20, screen.columns - 1));
      screen.write(screen.isTerminal ? `\r${text}\u001b[K` : `${text}\n`);
    },
    end(): void {
      if (drawn) screen.write('\r\u001b[K');
    },
  };
}

/** The line itself; it omits the names of spaces, because people choose those. */
export function lineOf({ state, listed, done, total }: Progress): string {
  if (state === 'listing') return `Listing what there is: ${listed} pages`;
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const full = Math.round(share * barWidth);
  return `[${'#'.repeat(full)}${'.'.repeat(barWidth - full)}] ${Math.floor(share * 100)}% ${done} of ${total} pages`;
}

/** The terminal of this process: progress goes to standard error, the answer to standard output. */
export function processScreen(): Screen {
  const { stderr } = process;
  return {
    isTerminal: stderr.isTTY ?? false,
    columns: stderr.columns ?? 80,
    write: (text) => void stderr.write(text),
  };
}

/** Ctrl-C and SIGTERM, once. @returns how to stop listening */
export function onInterrupt(stop: () => void): () => void {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.once(signal, stop);
  return () => {
    for (const signal of signals) process.off(signal, stop);
  };
}
