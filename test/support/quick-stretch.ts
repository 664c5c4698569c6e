// Instead of the slow derivation of a key from a passphrase, for tests that need many keys and are about something else.
import { createHash } from 'node:crypto';
import type { stretch } from '../../src/crypto/kdf.ts';

export const quickStretch: typeof stretch = async (passphrase, salt, rounds) =>
  createHash('sha256').update(salt).update(`${rounds}:`).update(passphrase).digest();
