// The guard in the demo: two sample apps on hosts of their own, behind a real nginx or Caddy.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createKeyring } from '../src/crypto/keyring.ts';
import { readApps } from '../src/guard/apps-document.ts';
import { frontKey } from '../src/guard/front-key.ts';
import type { Child } from './child.ts';
import { type FoundFront, startFront } from './front.ts';
import { startSampleApp } from './sample-app.ts';

/** Where everything is, before anything is started. */
export interface GuardPlan {
  readonly front: FoundFront;
  readonly folder: string;
  /** The desk's origin. */
  readonly desk: string;
  /** Where the guard listens: `host:port`. */
  readonly listen: string;
  /** Where browsers reach the apps. */
  readonly port: number;
}

export interface ShownApp {
  readonly url: string;
  /** For people. */
  readonly about: string;
}

/** The settings of the app for this plan; writes the apps file. */
export function guardSettings({ folder, port, listen }: GuardPlan) {
  const file = join(folder, 'access', 'apps.yaml');
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, appsFile(port), { mode: 0o600 });
  return { GUARD_LISTEN: listen, APPS_FILE: file };
}

const appsFile = (port: number) => `groups:
  operators: [ada@example.org]
apps:
  notes:
    url: http://notes.localhost:${port}
    name: Notes
    who: [everyone]
    headers: { user: Remote-User, email: Remote-Email, groups: Remote-Groups }
  photos:
    url: http://photos.localhost:${port}
    name: Photos
    who: [operators]
    idle: 30m
    headers: { user: Remote-User, email: Remote-Email, groups: Remote-Groups }
`;

export interface StartedGuard {
  readonly apps: readonly ShownApp[];
  readonly front: Child;
  close(): Promise<void>;
}

/** @param secretKey the app's SECRET_KEY. Its cookies have the names that they get over plain http. */
export async function startGuard(
  { front, folder, desk, listen, port }: GuardPlan,
  secretKey: string,
): Promise<StartedGuard> {
  const read = readApps(appsFile(port), desk);
  if ('faults' in read) throw new Error(read.faults.map(({ message }) => message).join('\n'));
  const { apps } = read;
  const samples = await Promise.all(
    [...apps.apps.values()].map(async ({ name, title }) => ({
      name,
      ...(await startSampleApp({ title, desk })),
    })),
  );
  const closeSamples = async () => void (await Promise.all(samples.map((sample) => sample.close())));
  try {
    const keyring = createKeyring([secretKey]);
    const child = await startFront({
      front,
      folder: join(folder, 'front'),
      port,
      ports: new Map(samples.map((sample) => [sample.name, sample.port])),
      input: {
        apps,
        guards: [listen],
        keyOf: (app) => frontKey(keyring, app),
        cookies: { gate: '_oauth2_proxy', desk: ['session', 'visitor_session_id'] },
      },
    });
    return {
      front: child,
      apps: [...apps.apps.values()].map(({ name, origin }) => ({
        url: origin,
        about: name === 'notes' ? 'A sample app for everyone' : 'A sample app for Ada alone',
      })),
      async close() {
        await child.stop();
        await closeSamples();
      },
    };
  } catch (error) {
    await closeSamples();
    throw error;
  }
}
