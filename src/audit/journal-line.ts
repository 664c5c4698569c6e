// A line of the journal of revocations: the entry without its place in the chain, and the people whose pseudonym was not available yet.
import { randomToken } from '../crypto/tokens.ts';
import type { EntryBody } from './entry.ts';
import type { PersonRef } from './recorder.ts';

export interface Line {
  readonly body: EntryBody;
  /** The person concerned and the person who did it, if the store could not give a pseudonym; the file is readable by its owner only. */
  readonly who?: PersonRef;
  readonly by?: PersonRef;
}

/** @returns undefined for a line that a crash left incomplete */
export function readLine(text: string): Line | undefined {
  try {
    const line = JSON.parse(text) as Partial<Line> | null;
    return typeof line?.body?.event === 'string' ? (line as Line) : undefined;
  } catch {
    return undefined;
  }
}

/** Replaces an erased person with a pseudonym that nothing links to anybody. */
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
