// oauth2-proxy's session in Redis: the ticket in its cookie, and the few fields of the stored value that are needed. The holder of a
// cookie can only name the key of their own session: nothing but `<cookie_name>-<32 hex>` is accepted as a key.
import { createDecipheriv, hash } from 'node:crypto';
import { digest } from '../crypto/tokens.ts';
import { type Field, readFields } from './msgpack.ts';

export interface Ticket {
  /** The key in oauth2-proxy's Redis. */
  readonly key: string;
  /** Decrypts the value there. Never stored, never logged. */
  readonly secret: Buffer;
}

/** The content of a gate session. Its OAuth tokens are not read. */
export interface OpenSession {
  readonly personId: string;
  /** Lower case; empty if oauth2-proxy knows none. */
  readonly email: string;
  /** Reset by a refresh. */
  readonly createdAt: number;
  /** When Google's access token expires. */
  readonly expiresOn?: number;
  /** Identifies the sign-in that this session comes from: stays the same through refreshes; the next sign-in has another one. */
  readonly signIn?: string;
}

export type Unreadable = 'too large' | 'too short' | 'another secret' | 'malformed' | 'incomplete';

const maxCookieLength = 1024;
const maxValueLength = 256 * 1024;
const [nonceLength, tagLength] = [12, 16];

/** The ticket in the first part of the cookie (pkg/sessions/persistence/ticket.go); undefined if it is not a ticket. */
export function readTicket(payload: string, cookieName: string): Ticket | undefined {
  if (payload.length > maxCookieLength) return undefined;
  const text = strictBase64(payload, 'padded')?.toString('utf8') ?? '';
  const [version, id, secretText, ...rest] = text.split('.');
  if (version !== 'v2' || id === undefined || secretText === undefined || rest.length > 0) return undefined;
  const key = strictBase64(id, 'raw')?.toString('utf8');
  const secret = strictBase64(secretText, 'raw');
  if (key === undefined || !isGateKey(key, cookieName) || secret?.length !== 16) return undefined;
  return { key, secret };
}

/** Whether `key` is that of a session, and not of a lock, a health check or something else in the same Redis. */
export function isGateKey(key: string, cookieName: string): boolean {
  return key.startsWith(`${cookieName}-`) && /^[0-9a-f]{32}$/.test(key.slice(cookieName.length + 1));
}

/** AES-128-GCM over MessagePack (pkg/encryption/cipher.go, pkg/apis/sessions/session_state.go). Never throws. */
export function openSession(value: Buffer, secret: Buffer): OpenSession | Unreadable {
  if (value.length > maxValueLength) return 'too large';
  if (value.length < nonceLength + tagLength) return 'too short';
  const packed = unseal(value, secret);
  if (!packed) return 'another secret';
  const fields = readFields(packed, new Set(['u', 'e', 'ca', 'eo', 'n']));
  const session = fields && toSession(fields);
  packed.fill(0);
  return session ?? 'malformed';
}

function unseal(value: Buffer, secret: Buffer): Buffer | undefined {
  try {
    const decipher = createDecipheriv('aes-128-gcm', secret, value.subarray(0, nonceLength));
    decipher.setAuthTag(value.subarray(-tagLength));
    return Buffer.concat([decipher.update(value.subarray(nonceLength, -tagLength)), decipher.final()]);
  } catch {
    return undefined;
  }
}

function toSession(fields: ReadonlyMap<string, Field>): OpenSession | Unreadable {
  const [user, email, created, expires, nonce] = ['u', 'e', 'ca', 'eo', 'n'].map((name) => fields.get(name));
  if (!user || !created) return 'incomplete';
  if (user.kind !== 'text' || created.kind !== 'instant') return 'malformed';
  if ((email && email.kind !== 'text') || (expires && expires.kind !== 'instant')) return 'malformed';
  if (nonce && nonce.kind !== 'bytes') return 'malformed';
  return {
    personId: user.text,
    email: email?.text.toLowerCase() ?? '',
    createdAt: created.at,
    ...(expires && { expiresOn: expires.at }),
    // 32 random bytes made when the sign-in started (pkg/cookies/csrf.go); a refresh keeps them.
    ...(nonce &&
      nonce.bytes.length >= 16 && { signIn: digest(`gate sign-in\n${nonce.bytes.toString('hex')}`) }),
  };
}

/** base64url as Go's decoder accepts it, but in one spelling only. */
function strictBase64(text: string, form: 'padded' | 'raw'): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  const raw = bytes.toString('base64url');
  const again = form === 'raw' ? raw : raw.padEnd(Math.ceil(raw.length / 4) * 4, '=');
  return again === text ? bytes : undefined;
}

type Opener = (key: string, value: Buffer, secret: Buffer) => OpenSession | Unreadable;

/**
 * Decrypts each stored session only once: a dashboard asks for the same one repeatedly, and decryption is the expensive part. Caches the
 * content under a digest of the encrypted form and the secret, and keeps neither of them.
 * @param limit the most sessions that are cached; the one decrypted longest ago is dropped first
 */
export function createOpener(limit = 5_000): Opener {
  const opened = new Map<string, { readonly seal: string; readonly session: OpenSession }>();
  return (key, value, secret) => {
    // The secret has a fixed length, so the boundary between the two inputs is unambiguous.
    const seal = hash('sha256', Buffer.concat([secret, value]), 'base64');
    const before = opened.get(key);
    if (before?.seal === seal) return before.session;
    const session = openSession(value, secret);
    if (typeof session === 'string') return session;
    opened.delete(key);
    opened.set(key, { seal, session });
    const [oldest] = opened.keys();
    if (opened.size > limit && oldest !== undefined) opened.delete(oldest);
    return session;
  };
}
