// The progress of this process's sync, for subscribers.

export interface Progress {
  readonly state: 'idle' | 'listing' | 'fetching';
  /** The space being listed; empty otherwise. */
  readonly space: string;
  /** Pages listed so far. */
  readonly listed: number;
  /** Pages fetched or checked, of `total`. */
  readonly done: number;
  readonly total: number;
}

export const idle: Progress = { state: 'idle', space: '', listed: 0, done: 0, total: 0 };

export interface ProgressFeed {
  now(): Progress;
  /** @returns a function that ends the subscription */
  subscribe(listener: (progress: Progress) => void): () => void;
}

export function createProgress(): ProgressFeed & { set(next: Partial<Progress>): void } {
  const listeners = new Set<(progress: Progress) => void>();
  let present = idle;
  return {
    now: () => present,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    set(next) {
      present = { ...present, ...next };
      for (const listener of listeners) listener(present);
    },
  };
}
