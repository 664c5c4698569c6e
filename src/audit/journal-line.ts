// A line of the journal of endings: the entry without its place, and people whose pseudonym could not be had yet.
import { randomToken } from '../crypto/tokens.ts';
import type { EntryBody } from './entry.ts';
import type { PersonRef } from './recorder.ts';

export interface Line {
  readonly body: EntryBody;
  /** Whom it concerns and who did it, where the store could not give a pseudonym; the file is for its owner alone. */
  readonly who?: PersonRef;
  readonly by?: PersonRef;
}

/** @returns undefined for a line that a crash tore. */
export function readLine(text: string): Line | undefined {
  try {
    const line = JSON.parse(text) as Partial<Line> | null;
    return typeof line?.body?.event === 'string' ? (line as Line) : undefined;
  } catch {
    return undefined;
  }
}

/** Who is erased becomes a pseudonym that nothing ties to anybody. */
export function nameNobody(line: Line, isErased: (person: PersonRef | undefined) => boolean): Line {
  const { body, who, by } = line;
  const nobody = () => randomToken(16);
  return {
    body: {
      ...body,
      ...(isErased(who) && { who: nobody() }),
      ...(isErased(by) && { by: nobody() }),
    },
    ...(who && !isErased(who) && { who }),
    ...(by && !isErased(by) && { by }),
  };
}
