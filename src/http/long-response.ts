// Long responses: a reader who is signed out meanwhile gets no more of them (invariant 3).
import type { Response } from 'express';

declare global {
  namespace Express {
    interface Locals {
      /** Whether the reader's session is still valid, here and at the gate; set behind the session. */
      stillAdmitted?: () => Promise<boolean>;
    }
  }
}

const askEveryMs = 1_000;

/**
 * Yields `parts` for as long as the reader may have them; checks before a part, at most once a second.
 * @param now milliseconds of a monotonic clock
 * @throws Error if the reader may not read on, or that cannot be determined: the response has to be cut off
 */
export async function* whileAdmitted<T>(
  res: Response,
  parts: AsyncIterable<T>,
  now: () => number = () => performance.now(),
): AsyncGenerator<T> {
  let askedAt = now();
  for await (const part of parts) {
    if (now() - askedAt >= askEveryMs) {
      if ((await res.locals.stillAdmitted?.()) !== true) throw new Error('the session has ended');
      askedAt = now();
    }
    yield part;
  }
}
