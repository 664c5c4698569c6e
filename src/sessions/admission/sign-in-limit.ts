// How many sessions one person may begin: each leaves a row and entries of the record behind, and it takes no more than a GET.
import type { Response } from 'express';
import type { AllowanceName, Allowances } from '../../http/allowances.ts';
import { HttpError } from '../../http/errors.ts';

export interface NewSignIn {
  readonly personId: string;
  /** Names the browser's sign-in at the gate; undefined: unknown. */
  readonly browser: string | undefined;
}

/**
 * By the browser first: whoever copied a cookie of the gate uses up what that one has, and the person still gets in with another
 * browser or after signing in at the provider again.
 */
function limitsOf({ personId, browser }: NewSignIn): readonly (readonly [AllowanceName, string])[] {
  const own: readonly [AllowanceName, string][] =
    browser === undefined ? [] : [['browser-sign-ins', browser]];
  return [...own, ['sign-ins', personId], ['changes', personId]];
}

/** Takes nothing. */
export async function mayBegin(asked: NewSignIn, allow: Allowances): Promise<boolean> {
  return (await firstFull(asked, allow)) === undefined;
}

/** Counts one more. @throws HttpError too_many_sign_ins */
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
