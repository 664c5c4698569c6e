// oauth2-proxy in front of an app that reports every request: what reaches the app, and what does not.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Gate, type GateOptions, startGate } from '../../demo/gate.ts';
import { type StandInForGoogle, startGoogle } from '../../demo/google.ts';
import { type Client, createClient } from './client.ts';
import { type Arrival, startEcho } from './echo.ts';
import './endings.ts';
import { type PrivateRedis, startRedis } from './redis.ts';
import { mustHave } from './requirement.ts';

export interface GateOnly {
  readonly gate: Gate;
  readonly google: StandInForGoogle;
  readonly redis: PrivateRedis | undefined;
  readonly gateSecret: string;
  readonly emailsFile: string;
  /** The requests that reached the app because of `act`. */
  arrivalsOf(act: () => Promise<unknown>): Promise<Arrival[]>;
  client(): Client;
  allow(emails: readonly string[]): void;
  close(): Promise<void>;
}

export async function startGateOnly(
  options: Partial<GateOptions> & { readonly store?: 'cookie' | 'redis' } = {},
): Promise<GateOnly> {
  const { store = 'cookie', ...gateOptions } = options;
  const binary = await mustHave('oauth2-proxy');
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-gate-'));
  const emailsFile = join(folder, 'emails.txt');
  const allow = (emails: readonly string[]) => {
    writeFileSync(`${emailsFile}.new`, `${emails.join('\n')}\n`);
    renameSync(`${emailsFile}.new`, emailsFile);
  };
  allow(['ada@example.org', 'grace@example.org']);
  const gateSecret = randomBytes(32).toString('hex');
  const google = await startGoogle();
  const echo = await startEcho();
  const redis = store === 'redis' ? await startRedis() : undefined;
  const gate = await startGate({
    binary,
    upstream: echo.url,
    google,
    emailsFile,
    gateSecret,
    ...(redis ? { redisUrl: redis.url } : {}),
    ...gateOptions,
  });
  return {
    gate,
    google,
    redis,
    gateSecret,
    emailsFile,
    allow,
    client: () => createClient(gate.publicUrl),
    async arrivalsOf(act) {
      const before = echo.arrivals.length;
      await act();
      return echo.arrivals.slice(before);
    },
    async close() {
      await gate.close();
      await redis?.close();
      await echo.close();
      await google.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
