// Identifies the sender of a request only from headers that carry oauth2-proxy's proof. Invariant 1: no proof, no identity.
import type { IncomingMessage } from 'node:http';
import { equalInConstantTime } from '../crypto/tokens.ts';

/** A person as oauth2-proxy names them. */
export interface Identity {
  /** The provider's stable subject (`sub`); it stays when the address changes (ASVS 6.8.1). */
  readonly id: string;
  /** Lower case. */
  readonly email: string;
}

/**
 * `anonymous`: no identity was sent. `untrusted`: an identity was sent without oauth2-proxy's proof, or with a wrong one. `malformed`:
 * the proof is right but sent twice, or the identity is not that of one person.
 */
export type Proof =
  /** `secret`: the index of the secret that proved it; 0 is the newest. */
  | { readonly kind: 'person'; readonly identity: Identity; readonly secret: number }
  | { readonly kind: 'anonymous' | 'untrusted' | 'malformed' };

const subjectShape = /^[\x21-\x2b\x2d-\x7e]{1,255}$/; // printable ASCII without comma, which joins doubled headers
const emailShape = /^[\x21-\x2b\x2d-\x3f\x41-\x7e]{1,64}@[\x21-\x2b\x2d-\x3f\x41-\x7e]{1,190}$/;

/**
 * Reads `Authorization: Basic base64(subject:secret)`, `X-Forwarded-User` and `X-Forwarded-Email`, as oauth2-proxy sets them with
 * `pass_basic_auth` (pkg/header/injector.go): the proof is bound to the subject. Works on the raw header lines, because Node.js joins
 * or drops duplicates.
 * @param secrets newest first; each is accepted
 */
export function readProof(req: IncomingMessage, secrets: readonly string[]): Proof {
  const authorization = rawValues(req, 'authorization');
  const users = rawValues(req, 'x-forwarded-user');
  const emails = rawValues(req, 'x-forwarded-email');
  if (authorization.length > 1 || users.length > 1 || emails.length > 1) return { kind: 'malformed' };
  const [proof] = authorization;
  if (proof === undefined) return { kind: users.length + emails.length > 0 ? 'untrusted' : 'anonymous' };

  const credentials = readBasic(proof);
  const secret = credentials ? indexOfSecret(credentials.password, secrets) : -1;
  if (!credentials || secret < 0) return { kind: 'untrusted' };
  const [id = '', email = ''] = [users[0], emails[0]];
  if (!subjectShape.test(id) || !emailShape.test(email) || id !== credentials.user)
    return { kind: 'malformed' };
  return { kind: 'person', identity: { id, email: email.toLowerCase() }, secret };
}

function rawValues(req: IncomingMessage, name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i < req.rawHeaders.length; i += 2) {
    if (req.rawHeaders[i]?.toLowerCase() === name) values.push(req.rawHeaders[i + 1] ?? '');
  }
  return values;
}

/** RFC 7617. Strict: Node.js's own decoder accepts almost anything as base64. */
function readBasic(header: string): { user: string; password: string } | undefined {
  const encoded = /^Basic ([A-Za-z0-9+/]+={0,2})$/i.exec(header)?.[1];
  if (!encoded) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.toString('base64') !== encoded) return undefined;
  const text = bytes.toString('latin1');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Compares with every secret, so that the timing does not reveal which one matches. */
function indexOfSecret(password: string, secrets: readonly string[]): number {
  return secrets.map((secret) => equalInConstantTime(password, secret)).indexOf(true);
}
