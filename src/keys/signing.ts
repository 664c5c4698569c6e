// Decides which key signs. A new key signs once all servers accept it: until then the one before does, and nobody loses a session.
import { fingerprint } from '../crypto/fingerprint.ts';
import type { Keyring, Secrets } from '../crypto/keyring.ts';
import type { Logger } from '../http/log.ts';
import type { KeyDates } from './dates.ts';
import { type Replicas, sayAgainMs, signingIndex } from './replicas.ts';

export interface SigningOptions {
  readonly keyring: Keyring;
  readonly replicas: Replicas;
  readonly dates: KeyDates;
  readonly logger: Logger;
}

export interface Signing {
  /** Tells the other servers, asks them, and begins to keep both up to date. Never throws for an outage of the store. */
  start(): Promise<void>;
  /** Other secrets from now on: accepted at once, and signed with as soon as all servers accept the newest. */
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
    // Replaced meanwhile: whoever did that asks too.
    if (keyring.secrets() !== secrets) return;
    keyring.replace(secrets, index);
    if (index > 0) return askAgain(askAgainMs);
    await dates.since(own[0] ?? '');
    askAgain(sayAgainMs);
  }

  async function sayAndAsk(): Promise<void> {
    // A server that is gone must not be waited for.
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

  /** @param index the secret that signs until the others have been asked: they may not know a newer one */
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
