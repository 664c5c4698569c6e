// Settings of the group “Confluence”: where to fetch pages from, and where exports go.
import { z } from 'zod';
import { flag, httpUrl } from '../schemas.ts';
import type { SettingRows } from '../setting.ts';

export const confluence = {
  CONFLUENCE_URL: {
    schema: httpUrl
      // Pages show this URL and build links from it: an account in it would be exposed, and never used.
      .refine(
        (text) => !/^[a-z]+:\/\/[^/]*@|[?#]/i.test(text),
        'must be only an address, without an account, “?” or “#”; the account is CONFLUENCE_USERNAME',
      ),
    about: 'Confluence to read from: `https://example.atlassian.net/wiki`, or a Data Center’s address.',
  },
  CONFLUENCE_USERNAME: {
    schema: z.string(),
    about: 'The account of the API token (Cloud); empty: the token is a personal access token (Data Center).',
  },
  CONFLUENCE_API_TOKEN: {
    // Only these characters are allowed in a header; some editors replace a plain dash with a typographic one.
    schema: z.string().regex(/^[\x21-\x7e]+$/, 'contains characters that no token has; copy it again'),
    secret: true,
    about: 'An API token or a personal access token; without one the cookies in the vault are used.',
  },
  CONFLUENCE_COOKIE_FILE: {
    schema: z.string(),
    default: 'cookies/confluence_cookies.txt',
    about:
      'The text file that cookies can be pasted into; they are removed from it once they are in the vault.',
  },
  EXPORTS_DIR: {
    schema: z.string(),
    default: 'exports',
    about: 'Where exported pages are written; created with mode 0700.',
  },
  CONFLUENCE_ALLOW_PRIVATE: {
    schema: flag,
    default: 'false',
    about: 'Whether Confluence may be at a private address or use plain http.',
  },
} as const satisfies SettingRows;
