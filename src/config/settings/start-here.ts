// Settings of the group “Start here”: the site's address, its operators, its security profile.
import { z } from 'zod';
import { profileNames } from '../profiles.ts';
import { list } from '../schemas.ts';
import type { SettingRows } from '../setting.ts';

const origin = z.string().transform((text, context) => {
  const url = URL.parse(text);
  const rest = url ? url.pathname + url.search + url.hash + url.username + url.password : '';
  // The URL parser accepts `*` as a host name.
  const isHost = /^([a-z\d._-]+|\[[\da-f:.]+\])$/.test(url?.hostname ?? '');
  if (!url || !/^https?:$/.test(url.protocol) || rest !== '/' || !isHost) {
    context.addIssue('must be only an origin, like `https://desk.example.org` (no path, no user)');
    return z.NEVER;
  }
  return url.origin;
});

const email = z
  .string()
  .toLowerCase()
  .regex(/^[^\s@,]{1,64}@[^\s@,]{1,190}$/, 'is not an e-mail address');

export const startHere = {
  PUBLIC_URL: {
    schema: origin,
    defaultNote: '`https://$FUNNEL_HOSTNAME`, else `http://localhost:4180`',
    about:
      'The origin that browsers see. Decides `Secure`, the Origin check and redirects. Required in production. Over plain http, Compose also needs `GATE_COOKIE_NAME=_oauth2_proxy` and `OAUTH2_PROXY_COOKIE_SECURE=false`.',
    example: 'http://localhost:4180',
  },
  PUBLIC_URL_ALIASES: {
    schema: list.pipe(z.array(origin)),
    default: '',
    about:
      'Other origins of this site, separated by commas: pages there redirect to `PUBLIC_URL`, changes are refused. The reverse proxy must forward them; see docs/deploy.md.',
  },
  FUNNEL_HOSTNAME: {
    schema: z
      .string()
      .refine(
        (text) => /^[a-z\d]/i.test(text) && URL.parse(`https://${text}`)?.hostname === text.toLowerCase(),
        'must be a host name, like `desk.tail1234.ts.net`',
      ),
    about: 'Tailscale Funnel’s name for this machine; used if `PUBLIC_URL` is empty.',
  },
  ADMIN_EMAILS: {
    schema: list.pipe(z.array(email)),
    default: '',
    about: 'The operators’ addresses, separated by commas: operators see everyone.',
    example: '',
  },
  SECURITY_PROFILE: {
    schema: z.enum(profileNames),
    default: 'balanced',
    about:
      'The defaults below: `high`, `balanced`, `convenience` or `development`. A variable that is set takes precedence.',
    example: 'balanced',
  },
} as const satisfies SettingRows;
