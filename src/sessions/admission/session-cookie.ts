// The session cookie and its attributes, which depend only on the configuration and never on a request header.
import session from 'express-session';
import type { Keyring, SignedBy } from '../../crypto/keyring.ts';

export interface SessionCookieAttributes {
  readonly secure: boolean;
  readonly httpOnly: boolean;
  readonly sameSite: 'strict' | 'lax' | 'none';
}

/**
 * express-session computes `Expires` from the process's clock and drops a `Secure` cookie without a trusted
 * `X-Forwarded-Proto`. This class sends `Max-Age` instead, and `PUBLIC_URL` has already determined `Secure`.
 */
export class SessionCookie extends session.Cookie {
  readonly #attributes: SessionCookieAttributes;
  readonly #maxAgeMs: () => number | undefined;

  /** `maxAgeMs` is called when the cookie is set; undefined: until the browser closes. */
  constructor(attributes: SessionCookieAttributes, maxAgeMs: () => number | undefined) {
    super();
    this.#attributes = attributes;
    this.#maxAgeMs = maxAgeMs;
  }

  /**
   * Sets the cookie again with this response, with the same id. By default express-session does so at every change if `expires` is
   * not null; a late response would then restore an id that was replaced meanwhile.
   */
  renew(): void {
    this.expires = new Date(Date.now() + 86_400_000);
  }

  /** What express-session passes to `cookie.serialize`. */
  get data() {
    const maxAgeMs = this.#maxAgeMs();
    const maxAge = maxAgeMs === undefined ? {} : { maxAge: Math.ceil(maxAgeMs / 1000) };
    return { path: '/', ...this.#attributes, ...maxAge };
  }
}

/** Case matters, and the signature is in the standard alphabet: express-session accepts nothing else. */
const signedForm = /^s(?:%3A|%3a|:)(.+)\.((?:[A-Za-z0-9+/]|%2[BbFf])+)$/;

/**
 * Parses a cookie value `s:<id>.<HMAC in base64>`, percent-encoded. Whatever express-session would not accept is not accepted here, so
 * that a request is treated the same whether or not its session needs a change.
 * @returns undefined if no known key signed it
 */
export function readSessionCookie(
  sentValue: string,
  keyring: Keyring,
): { id: string; signedBy: SignedBy } | undefined {
  const [, id, sentMac] = signedForm.exec(sentValue) ?? [];
  if (id === undefined || sentMac === undefined) return undefined;
  const mac = sentMac.replace(/%2B|\+/gi, '-').replace(/%2F|\//gi, '_');
  const signer = keyring.verify('session cookie', id, mac);
  return signer && { id, signedBy: signer };
}

/** Which key signed a cookie value; undefined if no known key did. */
export function signedBy(sentValue: string, keyring: Keyring): SignedBy | undefined {
  return readSessionCookie(sentValue, keyring)?.signedBy;
}

/** @see SessionCookie.renew */
export function renewCookie(live: { readonly cookie: session.Cookie }): void {
  if (live.cookie instanceof SessionCookie) live.cookie.renew();
}
