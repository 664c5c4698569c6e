// Settings of the group “Secrets”: the app's signing key, the secret it shares with oauth2-proxy, and their age.
import { z } from 'zod';
import { days, fallbacks, list } from '../schemas.ts';
import { isPlaceholder, secretFault } from '../secret-strength.ts';
import type { SettingRows } from '../setting.ts';

/** What to do about an unfit secret. Takes the value because `generate-secrets` replaces a placeholder without `--rotate`. */
type Advice = (value: string) => string;

function secret(minLength: number, shape: RegExp, shapeText: string, advice: Advice) {
  return z.string().superRefine((value, context) => {
    const fault = secretFault(value, minLength) ?? (shape.test(value) ? undefined : `must be ${shapeText}`);
    if (fault) context.addIssue(`${fault}; ${advice(value)}`);
  });
}

/** `generate-secrets` always replaces a placeholder, but a real value only with `--rotate`. */
const generate = (word: 'session' | 'gate') => (value: string) =>
  `run \`node generate-secrets.ts${isPlaceholder(value) ? '' : ` --rotate ${word}`}\` to make one`;
const remove = () => 'remove it';

const secretKey = (advice: Advice) => secret(64, /^[0-9a-f]+$/i, '64 or more hexadecimal digits', advice);
// No comma: in the list of fallbacks it would separate two values.
const gateSecret = (advice: Advice) =>
  secret(32, /^[\x21-\x2b\x2d-\x7e]+$/, 'printable characters, no spaces or commas', advice);

export const secrets = {
  SECRET_KEY: {
    schema: secretKey(generate('session')),
    required: true,
    secret: true,
    about: 'Signs the app’s cookies: 64 hexadecimal digits or more.',
    example: 'changeme',
  },
  SECRET_KEY_FALLBACKS: {
    schema: fallbacks(secretKey(remove)),
    default: '',
    secret: true,
    about: 'Former keys, separated by commas: cookies that they signed are still accepted, and re-signed.',
  },
  SECRET_MAX_AGE_DAYS: {
    schema: days,
    default: '90',
    about: 'After how many days the keys page and the dashboard remind operators to rotate a secret.',
  },
  SECRET_DATES: {
    schema: list,
    default: '',
    about:
      'When each secret was made, by fingerprint: `1a2b3c4d=2026-11-23`, separated by commas. `generate-secrets` maintains it.',
  },
  GATE_SECRET: {
    schema: gateSecret(generate('gate')),
    required: true,
    secret: true,
    about:
      'The password that oauth2-proxy proves itself with (its `basic_auth_password`): 32 characters or more.',
    example: 'changeme',
  },
  GATE_SECRET_FALLBACKS: {
    schema: fallbacks(gateSecret(remove)),
    default: '',
    secret: true,
    about: 'Former gate secrets that are still accepted, separated by commas.',
  },
} as const satisfies SettingRows;
