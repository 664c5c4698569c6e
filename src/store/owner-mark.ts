// The mark in a store that says which deployment owns it. Derived from the audit keys, which come from SECRET_KEY and outlive it, so
// that a rotation, even one without fallbacks, does not change the owner. Pure functions.
import { createHmac } from 'node:crypto';

/** One deployment, identified by its settings. */
export interface Deployment {
  /** Marks of the keys that sign, newest first; empty if the key was generated for one run (DEV_MODE). */
  readonly keys: readonly string[];
  /** Marks of keys that no longer sign but still identify the owner. */
  readonly formerKeys: readonly string[];
  readonly publicUrl: string;
}

export interface Mark {
  /** Key marks of the deployment that wrote it, newest first; empty for a development run, which owns nothing. */
  readonly keys: readonly string[];
  readonly publicUrl: string;
  /** The day the store was first used, `YYYY-MM-DD`. */
  readonly since: string;
}

/** How a stored mark relates to a deployment. */
export type Judgement =
  | { readonly kind: 'foreign' }
  /** `write`: the mark to store from now on; absent: it stays as it is. */
  | { readonly kind: 'own'; readonly write?: Mark };

/** @param recordKey hex; the derivation is one-way, so the mark reveals nothing about it */
export function keyMarkOf(recordKey: string): string {
  return createHmac('sha256', Buffer.from(recordKey, 'hex'))
    .update('gatehouse deployment mark v1')
    .digest('base64url')
    .slice(0, 22);
}

export function markOf({ keys, publicUrl }: Deployment, since: string): Mark {
  return { keys, publicUrl, since };
}

/**
 * @param isStart whether this deployment is starting: only then may it write a new address. Otherwise two replicas, one of them not
 * yet restarted with the new PUBLIC_URL, would keep overwriting each other's mark.
 */
export function judge(kept: Mark, own: Deployment, isStart: boolean): Judgement {
  const isOfDevelopment = kept.keys.length === 0;
  const isMadeUp = own.keys.length === 0;
  if (isMadeUp) return isOfDevelopment ? { kind: 'own' } : { kind: 'foreign' };
  if (isOfDevelopment) return { kind: 'own', write: markOf(own, kept.since) };
  const known = [...own.keys, ...own.formerKeys];
  if (!kept.keys.some((key) => known.includes(key))) return { kind: 'foreign' };
  const [newest = ''] = own.keys;
  // Another replica already has a newer key; this one has not loaded it yet.
  const isBehind = kept.keys.indexOf(newest) > 0;
  const keys = isBehind ? kept.keys : own.keys;
  const publicUrl = isStart ? own.publicUrl : kept.publicUrl;
  const isSame = publicUrl === kept.publicUrl && keys.join() === kept.keys.join();
  return isSame ? { kind: 'own' } : { kind: 'own', write: { keys, publicUrl, since: kept.since } };
}

export function writeMark(mark: Mark): string {
  return JSON.stringify(mark);
}

/** undefined if it is invalid: written by another version, or damaged. */
export function readMark(text: string): Mark | undefined {
  try {
    const { keys, publicUrl, since } = JSON.parse(text) as Partial<Mark>;
    const isMark =
      Array.isArray(keys) &&
      keys.every((key) => typeof key === 'string') &&
      typeof publicUrl === 'string' &&
      typeof since === 'string';
    return isMark ? { keys, publicUrl, since } : undefined;
  } catch {
    return undefined;
  }
}
