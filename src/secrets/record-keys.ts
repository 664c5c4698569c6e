// Keys of the record outlive the SECRET_KEY that they are derived from, so that earlier entries can still be verified. Pure.
import { maxFallbacks } from '../config/schemas.ts';
import { auditKeyOf } from '../crypto/kdf.ts';
import type { Edit } from './env-file.ts';
import { faultOf } from './kinds.ts';
import type { Step } from './report.ts';

export interface RecordKeys {
  readonly edits: readonly Edit[];
  /** How many of the oldest keys do not fit. */
  readonly lost: number;
}

/** The record is sealed with keys derived from SECRET_KEY: when a SECRET_KEY leaves the file, its derived key is kept. */
export function planRecordKeys(steps: readonly Step[], values: Readonly<Record<string, string>>): RecordKeys {
  const name = 'AUDIT_KEY_FALLBACKS';
  const leaving = steps
    .filter(({ kind }) => kind.name === 'SECRET_KEY')
    .flatMap(({ kind, formers }) =>
      formers.filter(({ fate, secret }) => fate === 'dropped' && faultOf(kind, secret) === undefined),
    );
  const present = (values[name] ?? '').split(',').map((item) => item.trim());
  const keys = [...new Set([...leaving.map(({ secret }) => auditKeyOf(secret)), ...present])].filter(Boolean);
  if (leaving.length === 0) return { edits: [], lost: 0 };
  const value = keys.slice(0, maxFallbacks).join(',');
  const after = values['SECRET_KEY_FALLBACKS'] === undefined ? 'SECRET_KEY' : 'SECRET_KEY_FALLBACKS';
  return { edits: [{ name, value, after }], lost: Math.max(0, keys.length - maxFallbacks) };
}
