// The cause of a failure, as a lower-level error knows it: fixed words that can be logged and shown to an operator.

/** A widely used code (`NOPERM`, `ENOSPC`), what it means, and what to do. */
export interface KnownFault {
  readonly code: string;
  readonly command?: string;
  readonly meaning: string;
  readonly mend: string;
}

const depthAtMost = 6;

/** The first known fault in the chain of causes; undefined if there is none. */
export function faultIn(error: unknown): KnownFault | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < depthAtMost; at = at.cause, depth++) {
    const { fault } = at as Error & { fault?: unknown };
    if (isKnown(fault)) return fault;
  }
  return undefined;
}

function isKnown(value: unknown): value is KnownFault {
  if (typeof value !== 'object' || value === null) return false;
  const { code, meaning, mend } = value as Partial<Record<keyof KnownFault, unknown>>;
  return [code, meaning, mend].every((text) => typeof text === 'string');
}
