// The visitor cookie: `<id>.<issued, seconds>.<mac>`. Its age depends on the server's clock, not the browser's.
import type { Keyring, SignedBy } from '../crypto/keyring.ts';
import { digest, randomToken } from '../crypto/tokens.ts';

export interface VisitorId {
  readonly idHash: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly signedBy: SignedBy;
}

const shape = /^([A-Za-z0-9_-]{43})\.(\d{1,12})\.([A-Za-z0-9_-]{43})$/;

/** A new visitor id and the cookie value that carries it. */
export function issueVisitor(
  keyring: Keyring,
  now: number,
  ttlMs: number,
): { visitor: VisitorId; value: string } {
  const issued = Math.floor(now / 1000);
  const text = `${randomToken()}.${issued}`;
  const visitor = read(text, issued, ttlMs, 'current');
  return { visitor, value: `${text}.${keyring.mac('visitor cookie', text)}` };
}

/** @returns undefined if the value is not from Gatehouse or is older than `ttlMs` */
export function readVisitor(
  value: string,
  keyring: Keyring,
  now: number,
  ttlMs: number,
): VisitorId | undefined {
  const [, id, issued, mac] = shape.exec(value) ?? [];
  if (id === undefined || issued === undefined || mac === undefined) return undefined;
  const text = `${id}.${issued}`;
  const signedBy = keyring.verify('visitor cookie', text, mac);
  if (!signedBy) return undefined;
  const visitor = read(text, Number(issued), ttlMs, signedBy);
  return visitor.expiresAt > now && visitor.issuedAt <= now + 60_000 ? visitor : undefined;
}

/** The same id, signed with the newest key. */
export function resignVisitor(value: string, keyring: Keyring): string {
  const text = value.slice(0, value.lastIndexOf('.'));
  return `${text}.${keyring.mac('visitor cookie', text)}`;
}

function read(text: string, issuedS: number, ttlMs: number, signedBy: SignedBy): VisitorId {
  const issuedAt = issuedS * 1000;
  return {
    idHash: digest(text.slice(0, text.indexOf('.'))),
    issuedAt,
    expiresAt: issuedAt + ttlMs,
    signedBy,
  };
}
