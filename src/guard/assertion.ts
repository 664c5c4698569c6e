// The signed assertion: a JWT that says who is signed in, for apps that verify one instead of believing a header. ES256, because nearly every
// library verifies it (RFC 7518, section 3.4).
import { createECDH, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, type JWK, SignJWT } from 'jose';
import type { Keyring } from '../crypto/keyring.ts';
import type { SessionRow } from '../store/contract-sessions.ts';
import type { GuardedApp } from './contract.ts';

export interface AssertionOptions {
  readonly keyring: Keyring;
  /** The issuer: the desk's origin. */
  readonly deskOrigin: string;
  readonly now: () => number;
}

export interface Assertions {
  /** Valid for at least 30 and at most 60 seconds, for this app only. undefined: this app wants none */
  of(app: GuardedApp, row: SessionRow, groups: readonly string[]): Promise<string> | undefined;
  /** The public keys, the signing one first; those of former secrets stay until the secrets leave the settings. RFC 7517 */
  jwks(): Promise<{ readonly keys: readonly JWK[] }>;
}

const validS = 60;
/** One is handed out again while it is younger than this: signing costs more than the rest of a check. */
const sharedMs = 30_000;
const sharedAtMost = 5_000;

interface SigningKey {
  readonly privateKey: KeyObject;
  readonly jwk: JWK;
  readonly kid: string;
}

export function createAssertions({ keyring, deskOrigin, now }: AssertionOptions): Assertions {
  let known: { readonly generation: number; readonly keys: Promise<readonly SigningKey[]> } | undefined;
  const shared = new Map<string, { readonly at: number; readonly token: Promise<string> }>();

  function signingKeys(): Promise<readonly SigningKey[]> {
    const generation = keyring.generation();
    if (known?.generation !== generation) {
      known = { generation, keys: Promise.all(keyring.keys('guard assertion').map(signingKeyOf)) };
    }
    return known.keys;
  }

  async function sign(
    app: GuardedApp,
    row: SessionRow,
    groups: readonly string[],
    at: number,
  ): Promise<string> {
    const [key] = await signingKeys();
    if (!key) throw new Error('there is no signing key');
    const issuedAt = Math.floor(at / 1000);
    return new SignJWT({ email: row.email, groups, sid: row.handle })
      .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: key.kid })
      .setIssuer(deskOrigin)
      .setAudience(app.origin)
      .setSubject(row.personId)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + validS)
      .sign(key.privateKey);
  }

  return {
    of(app, row, groups) {
      if (app.headers.assertion === undefined) return undefined;
      const at = now();
      // With the generation, nothing is handed out that a former key signed.
      const name = JSON.stringify([
        keyring.generation(),
        app.origin,
        row.handle,
        row.personId,
        row.email,
        groups,
      ]);
      const found = shared.get(name);
      if (found && at - found.at < sharedMs && at >= found.at) return found.token;
      if (shared.size >= sharedAtMost) shared.clear();
      const token = sign(app, row, groups, at);
      shared.set(name, { at, token });
      token.catch(() => shared.delete(name));
      return token;
    },
    async jwks() {
      return { keys: (await signingKeys()).map(({ jwk }) => jwk) };
    },
  };
}

/** @param seed 32 bytes in hex. They are the private key (SEC 1); that they are not below the curve's order has a chance of 2^-32. */
async function signingKeyOf(seed: string): Promise<SigningKey> {
  const curve = createECDH('prime256v1');
  curve.setPrivateKey(seed, 'hex');
  const point = curve.getPublicKey();
  const text = (from: number, to: number) => point.subarray(from, to).toString('base64url');
  const jwk = { kty: 'EC', crv: 'P-256', x: text(1, 33), y: text(33, 65) };
  const d = Buffer.from(seed, 'hex').toString('base64url');
  const privateKey = createPrivateKey({ format: 'jwk', key: { ...jwk, d } });
  const publicJwk = await exportJWK(createPublicKey(privateKey));
  const kid = await calculateJwkThumbprint(publicJwk);
  return { privateKey, kid, jwk: { ...publicJwk, kid, alg: 'ES256', use: 'sig' } };
}
