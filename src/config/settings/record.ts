// Settings of the group “Record”: the audit log, and how long entries and people are kept.
import { z } from 'zod';
import { days, fallbacks, wholeNumber } from '../schemas.ts';
import type { SettingRows } from '../setting.ts';

export const record = {
  AUDIT_LOG_FILE: {
    schema: z.string(),
    default: 'logs/cookie_audit.log',
    about: 'The record as JSON lines, in addition to the one in the store; `off` for none.',
  },
  AUDIT_RETENTION_DAYS: {
    schema: days,
    default: '365',
    about: 'How many days entries of the record are kept.',
  },
  PERSON_RETENTION_DAYS: {
    schema: wholeNumber(0, 3650),
    default: '400',
    about: 'After how many days without a sign-in a person is erased; `0` for never.',
  },
  AUDIT_KEY_FALLBACKS: {
    schema: fallbacks(z.string().regex(/^[\da-f]{64}$/, 'must be 64 hexadecimal digits')),
    default: '',
    secret: true,
    about:
      'Keys that sealed earlier entries of the record, needed to verify them after their `SECRET_KEY` is gone. `generate-secrets` maintains it.',
  },
} as const satisfies SettingRows;
