// The session cookie's attributes, decided by the configuration alone and never by a client's header.
import session from 'express-session';
import type { Keyring, SignedBy } from '../../crypto/keyring.ts';

export interface SessionCookieAttributes {
  readonly secure: boolean;
  readonly httpOnly: boolean;
  readonly sameSite: 'strict' | 'lax' | 'none';
}

/**
 * express-session writes `Expires` by the process's clock, and drops a `Secure` cookie where no trusted
 * `X-Forwarded-Proto` came: this one says `Max-Age`, and `PUBLIC_URL` has already decided on `Secure`.
 */
export class SessionCookie extends session.Cookie {
  readonly #attributes: SessionCookieAttributes;
  readonly #maxAgeMs: () => number | undefined;

  /** `maxAgeMs` is asked when the cookie is set; undefined: until the browser closes. */
  constructor(attributes: SessionCookieAttributes, maxAgeMs: () => number | undefined) {
    super();
    this.#attributes = attributes;
    this.#maxAgeMs = maxAgeMs;
  }

  /**
   * Sets the cookie again with this answer, under the same id. express-session does so at every change where `expires` is not
   * null; a late answer would then bring an id back that was replaced meanwhile.
   */
  renew(): void {
    this.expires = new Date(Date.now() + 86_400_000);
  }

  /** What express-session hands to `cookie.serialize`. */
  get data() {
    const maxAgeMs = this.#maxAgeMs();
    const maxAge = maxAgeMs === undefined ? {} : { maxAge: Math.ceil(maxAgeMs / 1000) };
    return { path: '/', ...this.#attributes, ...maxAge };
  }
}

/** The id in a cookie value `s:<id>.<HMAC in base64>`, percent-encoded, and which key signed it; undefined: none of them. */
export function readSessionCookie(
  sentValue: string,
  keyring: Keyring,
): { id: string; signedBy: SignedBy } | undefined {
  const dot = sentValue.lastIndexOf('.');
  const id = sentValue.slice(0, dot).replace(/^s(%3A|:)/i, '');
  const mac = sentValue
    .slice(dot + 1)
    .replace(/%2B|\+/gi, '-')
    .replace(/%2F|\//gi, '_');
  const signer = keyring.verify('session cookie', id, mac);
  return signer && { id, signedBy: signer };
}

/** Which key signed a cookie value; undefined: none of them. */
export function signedBy(sentValue: string, keyring: Keyring): SignedBy | undefined {
  return readSessionCookie(sentValue, keyring)?.signedBy;
}

/** See `SessionCookie.renew`. */
export function renewCookie(live: { readonly cookie: session.Cookie }): void {
  if (live.cookie instanceof SessionCookie) live.cookie.renew();
}
