// Limits how many sessions one person may create: each one adds a row and audit entries, and a single GET is enough to create one.
import type { Response } from 'express';
import type { AllowanceName, Allowances } from '../../http/allowances.ts';
import { HttpError } from '../../http/errors.ts';

export interface NewSignIn {
  readonly personId: string;
  /** Identifies the browser's sign-in at the gate; undefined: unknown. */
  readonly browser: string | undefined;
}

/**
 * The browser's limit comes first: someone who copied a gate cookie exhausts only the limit of that browser, and the person can still
 * sign in with another browser or after signing in at the provider again.
 */
function limitsOf({ personId, browser }: NewSignIn): readonly (readonly [AllowanceName, string])[] {
  const own: readonly [AllowanceName, string][] =
    browser === undefined ? [] : [['browser-sign-ins', browser]];
  return [...own, ['sign-ins', personId], ['changes', personId]];
}

/** Takes nothing. */
export async function mayStart(asked: NewSignIn, allow: Allowances): Promise<boolean> {
  return (await firstFull(asked, allow)) === undefined;
}

/** Counts one sign-in. @throws HttpError too_many_sign_ins */
export async function countSignIn(res: Response, asked: NewSignIn, allow: Allowances): Promise<void> {
  const taken = await Promise.all(limitsOf(asked).map(([name, key]) => allow.take(name, key)));
  if (taken.includes(false)) await refuseSignIn(res, asked, allow);
}

/** @throws HttpError too_many_sign_ins, always */
export async function refuseSignIn(res: Response, asked: NewSignIn, allow: Allowances): Promise<never> {
  const found = await firstFull(asked, allow);
  res.setHeader('Retry-After', found ? await allow.waitS(...found) : 1);
  throw new HttpError('too_many_sign_ins');
}

async function firstFull(asked: NewSignIn, allow: Allowances) {
  const all = limitsOf(asked);
  const room = await Promise.all(all.map(([name, key]) => allow.hasRoom(name, key)));
  return all[room.indexOf(false)];
}
