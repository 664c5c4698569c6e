// Settings of the group “Guard”: whether apps behind the gate ask this program, and how.
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { duration, wholeNumber } from '../schemas.ts';
import type { SettingRows } from '../setting.ts';

/** A Unix socket, or an address and a port. */
export type ListenAddress =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'port'; readonly host: string; readonly port: number };

const listenAddress = z.string().transform((text, context): ListenAddress => {
  const path = /^unix:(.+)$/.exec(text)?.[1];
  if (path !== undefined && isAbsolute(path) && Buffer.byteLength(path) <= 100)
    return { kind: 'socket', path };
  const [, host = '', port = ''] = /^(\[[\da-f:]+\]|[\w.-]+):(\d{1,5})$/i.exec(text) ?? [];
  if (path === undefined && host && Number(port) > 0 && Number(port) < 65_536)
    return { kind: 'port', host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
  context.addIssue(
    'must be `unix:/run/gatehouse/guard.sock` (at most 100 characters) or an address and a port, like `127.0.0.1:3010`',
  );
  return z.NEVER;
});

export const guard = {
  GUARD_LISTEN: {
    schema: listenAddress,
    about:
      'Where the reverse proxy in front of other apps asks whether a request may pass: `unix:/path`, or an address and a port that only the proxy reaches. Unset: there is no guard.',
  },
  APPS_FILE: {
    schema: z.string().min(1),
    default: 'access/apps.yaml',
    about: 'The apps behind the guard, and who may use them; see docs/guard.md.',
  },
  GUARD_RENEW_AFTER: {
    schema: duration.refine((ms) => ms >= 10_000, 'must be at least ten seconds'),
    default: '900',
    about:
      'After this long, the next page that is opened in an app is led through the dashboard once, unseen.',
  },
  RATE_LIMIT_GUARD: {
    schema: wholeNumber(60, 1_000_000),
    default: '6000',
    about: 'Requests that one person may make to all apps behind the guard in a minute.',
  },
} as const satisfies SettingRows;
