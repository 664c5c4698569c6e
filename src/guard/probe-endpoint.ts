// `GET /.gatehouse/probe`: reports to `gatehouse doctor` what the front passed on. For everybody else it answers 404.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Keyring } from '../crypto/keyring.ts';
import { send } from './answers.ts';
import type { Apps, GuardedApp } from './contract.ts';
import { probeAnswer, readProbeQuestion, rulesDigest } from './probe.ts';

export interface ProbeOptions {
  readonly keyring: Pick<Keyring, 'mac' | 'verify'>;
  readonly apps: () => Apps;
  readonly appOfKey: (key: string) => GuardedApp | undefined;
  readonly now: () => number;
}

/** Unlike the other addresses, it answers whatever key the front presents: what is wrong with it is what is asked. */
export function createProbeEndpoint({ keyring, apps, appOfKey, now }: ProbeOptions) {
  return (req: IncomingMessage, res: ServerResponse, query: URLSearchParams): void => {
    const nonce = readProbeQuestion(keyring, query.get('q') ?? '', now());
    if (nonce === undefined) {
      send(res, 404);
      return;
    }
    const valuesOf = (name: string) => valuesIn(req.rawHeaders, name);
    const keys = valuesOf('x-guard-key');
    const [key = '', ...more] = keys;
    const app = more.length === 0 ? appOfKey(key) : undefined;
    const facts = {
      nonce,
      keys: keys.length,
      ...(app && { keyOf: app.name }),
      method: valuesOf('x-forwarded-method'),
      uri: valuesOf('x-forwarded-uri'),
      host: valuesOf('x-forwarded-host'),
      address: valuesOf('x-forwarded-for'),
      rules: rulesDigest(apps()),
    };
    send(res, 200, ['Content-Type', 'text/plain'], probeAnswer(keyring, facts));
  };
}

/** Also under a name with `_` or `.`, which another program might read like this one. */
function valuesIn(lines: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i < lines.length; i += 2) {
    if (lines[i]?.toLowerCase().replaceAll(/[_.]/g, '-') === name) values.push(lines[i + 1] ?? '');
  }
  return values;
}
