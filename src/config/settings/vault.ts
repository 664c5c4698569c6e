// Settings of the group “Vault”: the store of cookies for other services.
import { z } from 'zod';
import { days, flag } from '../schemas.ts';
import { isPlaceholder } from '../secret-strength.ts';
import type { SettingRows } from '../setting.ts';

export const vault = {
  VAULT_PASSPHRASE: {
    schema: z
      .string()
      .refine(
        (text) => !isPlaceholder(text) && text.length >= 12,
        'is a placeholder or shorter than 12 characters; run `node generate-secrets.ts` to make one',
      ),
    secret: true,
    about: 'Opens the vault of outbound cookies; without one there is no vault.',
    example: '',
  },
  VAULT_TTL_DAYS: {
    schema: days,
    default: '14',
    about: 'After how many days cookies in the vault expire, where they do not say so themselves.',
  },
  VAULT_BIND_MACHINE: {
    schema: flag,
    default: 'true',
    about:
      'Whether the vault opens on this machine only. Only protects against a casual copy of the file. Compose sets it to `false`: a container has no machine id.',
  },
} as const satisfies SettingRows;
