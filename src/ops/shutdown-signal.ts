// That the program is stopping: asked by whoever takes work, and told to whatever would hold the end up.
export interface ShutdownSignal {
  isStopping(): boolean;
  /**
   * `listener` is called once, when stopping begins, at once where it has begun: a live stream ends itself then.
   * @returns how to be forgotten.
   */
  onStop(listener: () => void): () => void;
  begin(): void;
}

export function createShutdownSignal(): ShutdownSignal {
  let stopping = false;
  const listeners = new Set<() => void>();
  return {
    isStopping: () => stopping,
    onStop(listener) {
      if (stopping) listener();
      else listeners.add(listener);
      return () => listeners.delete(listener);
    },
    begin() {
      if (stopping) return;
      stopping = true;
      for (const listener of listeners) listener();
    },
  };
}
