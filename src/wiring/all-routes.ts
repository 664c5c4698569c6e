// Every route of the program, one row each, for documents, metrics and tests. `app.ts` binds the same rows.
import { accessRoutes } from '../access/routes.ts';
import { recordRoutes } from '../audit/routes.ts';
import { checkupRoutes } from '../doctor/pages.ts';
import { closeRoutes, launcherRoutes, ruleRoutes } from '../guard/pages/routes.ts';
import { guardRoutes } from '../guard/routes.ts';
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
  ...guardRoutes,
  ...launcherRoutes,
  ...closeRoutes,
  ...ruleRoutes,
  ...libraryRoutes,
];

const groups: readonly (readonly [who: Audience, title: string, about: string])[] = [
  ['public', 'For everybody', 'oauth2-proxy lets only these through without a sign-in.'],
  ['member', 'For members', 'For everyone who is signed in. Other people’s data is 404.'],
  ['operator', 'For operators', 'For members who are listed in `ADMIN_EMAILS`; 403 for others.'],
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

Generated from the route rows in the code by \`npm run docs\`. Routes that are not public require the gate’s proof, a session and, for changes,
the anti-forgery token, and are never cached. \`GET\` routes answer \`HEAD\` too; another method gets 405 with \`Allow\`. A \`GET\` to the address
of a form that only accepts \`POST\` redirects to the page with the form.

${sections.join('\n')}`;
}
