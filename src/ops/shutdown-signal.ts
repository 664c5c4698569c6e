// The signal that the program is stopping: for code that accepts work, and for code whose open responses would delay the end.
export interface ShutdownSignal {
  isStopping(): boolean;
  /**
   * `listener` is called once, when stopping starts, or immediately if it has started already: a live stream then ends itself.
   * @returns a function that unsubscribes
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
