// The handoff from the desk to an app: a code that is valid once, for half a minute, for one browser, app and session (RFC 6749, section
// 4.1.2, has the same rules for its codes).
import { digest, randomToken } from '../crypto/tokens.ts';
import { clockSkewMs } from '../sessions/rules/session.ts';
import type { ClaimTable, NoteTable } from '../store/contract.ts';

/** What a code stands for. */
export interface Handoff {
  readonly app: string;
  /** The key of the desk session's row. */
  readonly key: string;
  readonly personId: string;
  /** Digest of the browser's start cookie on the app's host. */
  readonly browser: string;
  /** Whether the person enters anew: signed in since the app's own limit was reached. */
  readonly begins: boolean;
}

export type Redeemed =
  | { readonly kind: 'valid'; readonly handoff: Handoff }
  /** `unknown`: never issued, or too late. */
  | { readonly kind: 'unknown' | 'used' | 'another app' | 'another browser' };

export interface Handoffs {
  /** @returns the code. @throws StoreUnavailable */
  issue(handoff: Handoff): Promise<string>;
  /** @param browser digest of the start cookie that came with the code. @throws StoreUnavailable */
  redeem(code: string, presented: { readonly app: string; readonly browser: string }): Promise<Redeemed>;
}

const validMs = 30_000;
const codeForm = /^[\w-]{43}$/;

export interface HandoffOptions {
  readonly notes: Pick<NoteTable, 'write' | 'read'>;
  readonly claims: Pick<ClaimTable, 'claim'>;
  readonly now: () => number;
}

export function createHandoffs({ notes, claims, now }: HandoffOptions): Handoffs {
  const nameOf = (code: string) => `guard:code:${digest(code)}`;
  return {
    async issue(handoff) {
      const code = randomToken();
      const at = now();
      await notes.write(nameOf(code), { ...handoff, at }, at + validMs, handoff.personId);
      return code;
    },
    async redeem(code, { app, browser }) {
      if (!codeForm.test(code)) return { kind: 'unknown' };
      const name = nameOf(code);
      // Read before anything is written: guessing codes fills no store.
      const found = (await notes.read(name, now())) as (Handoff & { readonly at: number }) | undefined;
      // The store removes it in time: Redis by its own clock, because those of replicas differ by minutes. What a clock issued that is
      // wrong by more is refused.
      if (!found || Math.abs(now() - found.at) >= validMs + clockSkewMs) return { kind: 'unknown' };
      if (found.app !== app) return { kind: 'another app' };
      if (found.browser !== browser) return { kind: 'another browser' };
      // Of two requests with the same code, on whichever replicas, one gets it. The claim outlives the code.
      const own = randomToken(16);
      if ((await claims.claim(name, own, now(), now() + 2 * validMs)) !== own) return { kind: 'used' };
      return { kind: 'valid', handoff: found };
    },
  };
}
