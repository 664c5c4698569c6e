// Facts about the secrets of a deployment. No secret gets past this file: only fingerprints and faults do.
import type { SecretFact } from '../deployment.ts';

/** Validators from `src/secrets`, injected by `wiring/`. */
export interface SecretValidators {
  readonly fingerprint: (secret: string) => string;
  /** Why a value is unfit for that setting, without the value. */
  readonly faultOf: (name: string, value: string) => string | undefined;
}

type Env = Readonly<Record<string, string | undefined>>;

export const secretSettings: readonly string[] = [
  'SECRET_KEY',
  'GATE_SECRET',
  'OAUTH2_PROXY_COOKIE_SECRET',
  'OAUTH2_PROXY_CLIENT_SECRET',
  'REDIS_PASSWORD',
  'VAULT_PASSPHRASE',
];
const dayMs = 86_400_000;

export function secretFacts(env: Env, validators: SecretValidators): readonly SecretFact[] {
  return withUrls(
    secretSettings.map((name) => secretFact(name, env, validators)),
    env,
    validators,
  );
}

function secretFact(name: string, env: Env, validators: SecretValidators): SecretFact {
  const value = env[name]?.trim() ?? '';
  const fallbacks = (env[`${name}_FALLBACKS`] ?? '').split(',').filter((text) => text.trim() !== '').length;
  if (value === '') return { name, isSet: false, fingerprint: '', fallbacks };
  const fault = validators.faultOf(name, value);
  const madeAt = madeAtOf(validators.fingerprint(value), env['SECRET_DATES'] ?? '');
  return {
    name,
    isSet: true,
    fingerprint: validators.fingerprint(value),
    fallbacks,
    ...(fault !== undefined && { fault }),
    ...(madeAt !== undefined && { madeAt }),
  };
}

/** Adds passwords in Redis URLs, unless they equal that of REDIS_PASSWORD. */
function withUrls(
  secrets: readonly SecretFact[],
  env: Env,
  validators: SecretValidators,
): readonly SecretFact[] {
  const found = [...secrets];
  for (const setting of ['REDIS_URL', 'GATE_REDIS_URL']) {
    const password = /^[a-z+]+:\/\/[^/@]*:([^/@]+)@/i.exec(env[setting]?.trim() ?? '')?.[1];
    if (password === undefined) continue;
    const fingerprint = validators.fingerprint(password);
    if (found.some((one) => one.fingerprint === fingerprint)) continue;
    const fault = validators.faultOf('REDIS_PASSWORD', password);
    const name = `the password in ${setting}`;
    found.push({ name, isSet: true, fingerprint, fallbacks: 0, ...(fault !== undefined && { fault }) });
  }
  return found;
}

function madeAtOf(fingerprint: string, dates: string): number | undefined {
  const pair = dates
    .split(',')
    .map((text) => text.trim())
    .find((text) => text.startsWith(`${fingerprint}=`));
  const at = Date.parse(pair?.split('=')[1] ?? '');
  return Number.isNaN(at) || at > 8.64e15 - dayMs ? undefined : at;
}
