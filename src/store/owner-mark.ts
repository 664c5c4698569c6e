// The mark that a store keeps: whose it is. Made from the keys of the record, which come from SECRET_KEY and outlive it, so
// that a rotation, also one without fallbacks, leaves the store its owner's. Pure.
import { createHmac } from 'node:crypto';

/** One deployment, by what its settings hold. */
export interface Deployment {
  /** RevocationMarks of the keys that sign, newest first; empty where the key was made up for one run (DEV_MODE). */
  readonly keys: readonly string[];
  /** RevocationMarks of keys that sign nothing any more, by which an owner is still known. */
  readonly formerKeys: readonly string[];
  readonly publicUrl: string;
}

export interface Mark {
  /** Of the deployment that wrote it, newest first; empty: of a development run, which owns nothing. */
  readonly keys: readonly string[];
  readonly publicUrl: string;
  /** The day on which the store was first used, `YYYY-MM-DD`. */
  readonly since: string;
}

/** How a kept mark relates to a deployment. */
export type Judgement =
  | { readonly kind: 'foreign' }
  /** `write`: what the mark should be from now on; absent: what it is. */
  | { readonly kind: 'own'; readonly write?: Mark };

/** @param recordKey hex; one-way, so that the mark tells nothing about it */
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
 * @param isStart whether this deployment is just starting: only then does it bring a new address. Otherwise two replicas, one of
 * them not yet restarted with the new PUBLIC_URL, would go on writing in turns.
 */
export function judge(kept: Mark, own: Deployment, isStart: boolean): Judgement {
  const isOfDevelopment = kept.keys.length === 0;
  const isMadeUp = own.keys.length === 0;
  if (isMadeUp) return isOfDevelopment ? { kind: 'own' } : { kind: 'foreign' };
  if (isOfDevelopment) return { kind: 'own', write: markOf(own, kept.since) };
  const known = [...own.keys, ...own.formerKeys];
  if (!kept.keys.some((key) => known.includes(key))) return { kind: 'foreign' };
  const [newest = ''] = own.keys;
  // Another replica has a newer key already; this one has yet to be told of it.
  const isBehind = kept.keys.indexOf(newest) > 0;
  const keys = isBehind ? kept.keys : own.keys;
  const publicUrl = isStart ? own.publicUrl : kept.publicUrl;
  const isSame = publicUrl === kept.publicUrl && keys.join() === kept.keys.join();
  return isSame ? { kind: 'own' } : { kind: 'own', write: { keys, publicUrl, since: kept.since } };
}

export function writeMark(mark: Mark): string {
  return JSON.stringify(mark);
}

/** undefined where it is none: written by another version, or damaged. */
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
