// Sessions written straight into the store, for tests that need many of them, or unusual ones.
import { randomName, randomToken } from '../../src/crypto/tokens.ts';
import type { Store } from '../../src/store/contract.ts';
import type { SessionRow } from '../../src/store/contract-sessions.ts';

export interface Planted {
  readonly store: Store;
  now(): number;
}

let planted = 0;

/** @param data merged into the session's data */
export async function plantSession(
  { store, now }: Planted,
  row: Partial<SessionRow> & { readonly personId: string; readonly email: string },
  data: Record<string, unknown> = {},
): Promise<SessionRow> {
  planted++;
  const at = now() - planted * 1000;
  const full: SessionRow = {
    key: randomToken(16),
    handle: randomName(),
    createdAt: at,
    lastSeenAt: at,
    expiresAt: at + 7 * 86_400_000,
    idHash: randomToken(),
    idIssuedAt: at,
    ...row,
    data: {
      csrfSecret: randomToken(24),
      staySignedIn: true,
      device: { browser: 'Firefox', os: 'Linux', kind: 'desktop' },
      network: '203.0.113.9',
      ...data,
    },
  };
  if (!(await store.sessions.create(full))) throw new Error('the key was taken');
  return full;
}
