// Decides which key signs. A new key signs once all servers accept it; until then the previous one signs, so nobody loses a session.

import type { Keyring, Secrets } from '../crypto/keyring.ts';
import { fingerprint } from '../crypto/tokens.ts';
import type { Logger } from '../http/log.ts';
import type { KeyDates } from './dates.ts';
import { announceEveryMs, type Replicas, signingIndex } from './replicas.ts';

export interface SigningOptions {
  readonly keyring: Keyring;
  readonly replicas: Replicas;
  readonly dates: KeyDates;
  readonly logger: Logger;
}

export interface Signing {
  /** Announces this server's keys, reads those of the others, and starts to repeat both. Never throws if the store is down. */
  start(): Promise<void>;
  /** Replaces the secrets: they are accepted immediately, and the newest signs as soon as all servers accept it. */
  replace(secrets: Secrets): Promise<void>;
  stop(): Promise<void>;
}

const askAgainMs = 500;

export function createSigning({ keyring, replicas, dates, logger }: SigningOptions): Signing {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const fingerprints = () => keyring.secrets().map(fingerprint);

  async function settle(): Promise<void> {
    const secrets = keyring.secrets();
    const own = fingerprints();
    const index = signingIndex(own, await replicas.others());
    // The secrets were replaced meanwhile: that call chooses the key.
    if (keyring.secrets() !== secrets) return;
    keyring.replace(secrets, index);
    if (index > 0) return askAgain(askAgainMs);
    await dates.since(own[0] ?? '');
    askAgain(announceEveryMs);
  }

  async function sayAndAsk(): Promise<void> {
    // A stopped server must not announce itself: others would wait for it.
    if (isStopped) return;
    try {
      await replicas.announce(fingerprints);
      await settle();
    } catch (error) {
      logger.warn({ event: 'keys.not_told', err: error });
      askAgain(askAgainMs);
    }
  }

  function askAgain(ms: number): void {
    clearTimeout(timer);
    if (!isStopped) timer = setTimeout(() => void sayAndAsk(), ms).unref();
  }

  /** @param index the secret that signs until the others' keys are known: they may not accept a newer one */
  async function take(secrets: Secrets, index: number): Promise<void> {
    keyring.replace(secrets, index);
    await sayAndAsk();
  }

  return {
    start: () => take(keyring.secrets(), 1),
    replace(secrets) {
      const present = secrets.indexOf(keyring.signs());
      return take(secrets, present < 0 ? 1 : present);
    },
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await replicas.leave().catch((error: unknown) => logger.warn({ event: 'keys.not_told', err: error }));
    },
  };
}
