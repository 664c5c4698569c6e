// Every route of the program, one row each, for documents, metrics and tests. `app.ts` binds the same rows.
import { accessRoutes } from '../access/routes.ts';
import { recordRoutes } from '../audit/routes.ts';
import { checkupRoutes } from '../doctor/pages.ts';
import type { Audience, RouteRow } from '../http/routes.ts';
import { keysRoutes } from '../keys/pages.ts';
import { libraryRoutes } from '../library/routes.ts';
import { cookieRoutes } from '../privacy/cookie-pages.ts';
import { privacyRoutes } from '../privacy/routes.ts';
import { sessionRoutes } from '../sessions/routes.ts';
import { vaultRoutes } from '../vault/routes.ts';
import { basicRoutes, publicRoutes } from '../visitors/routes.ts';

export const allRoutes: readonly RouteRow[] = [
  ...basicRoutes,
  ...publicRoutes,
  ...sessionRoutes,
  ...cookieRoutes,
  ...recordRoutes,
  ...privacyRoutes,
  ...accessRoutes,
  ...checkupRoutes,
  ...keysRoutes,
  ...vaultRoutes,
  ...libraryRoutes,
];

const groups: readonly (readonly [who: Audience, title: string, about: string])[] = [
  ['public', 'For everybody', 'oauth2-proxy lets these through without a sign-in, and no others.'],
  ['member', 'For members', 'Whoever is signed in. Other people’s things are 404.'],
  ['operator', 'For operators', 'Members who are listed in `ADMIN_EMAILS`; for others 403.'],
];

/** docs/routes.md, generated from the rows. */
export function routesDocument(routes: readonly RouteRow[]): string {
  const sections = groups.map(([who, title, about]) => {
    const rows = routes
      .filter((route) => route.who === who)
      .map(({ method, path, does }) => `| \`${method}\` | \`${path}\` | ${does} |`);
    return `## ${title}\n\n${about}\n\n| method | path | what it does |\n|---|---|---|\n${rows.join('\n')}\n`;
  });
  return `# Routes

Made from the rows of the routes by \`npm run docs\`. What is not public passes the gate’s proof, the session, for changes the
anti-forgery token, and is never cached. \`GET\` answers \`HEAD\` too; another method is 405 with \`Allow\`. The address of a
form that only takes \`POST\` leads by \`GET\` to the page that the form stands on.

${sections.join('\n')}`;
}
