// Answers that go on for long: whoever was signed out meanwhile gets no more of them (invariant 3).
import type { Response } from 'express';

declare global {
  namespace Express {
    interface Locals {
      /** Whether the reader's session still lives, here and at the gate; set behind the session. */
      stillAdmitted?: () => Promise<boolean>;
    }
  }
}

const askEveryMs = 1_000;

/**
 * Passes `parts` on for as long as the reader may have them, and asks before a part at most once a second.
 * @param now milliseconds of a clock that nobody sets
 * @throws Error where the reader may not any more, or that cannot be known: the answer is to be cut off
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
