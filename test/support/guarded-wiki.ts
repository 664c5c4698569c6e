// The app of these tests, and the input from which a front's configuration for it is generated.
import type { Apps, GuardedApp } from '../../src/guard/contract.ts';
import type { FrontInput } from '../../src/guard/front/input.ts';

export const appHost = 'wiki.test';
export const appKey = 'Zm9yLXRoZS13aWtpLWFsb25lLTAxMjM0NTY3ODlhYg';
/** Under which names the app wants each of the four headers. */
export const appHeaders = {
  user: 'X-WEBAUTH-USER',
  email: 'Remote-Email',
  groups: 'X-Forwarded-Groups',
  assertion: 'X-Wiki-Assertion',
  userIs: 'name',
} as const;
export const cookieNames = { gate: '__Host-_oauth2_proxy', desk: ['__Host-session', '__Host-visitor'] };

export function guardedApp(more: Partial<GuardedApp> = {}): GuardedApp {
  return {
    name: 'wiki',
    title: 'Wiki',
    origin: `http://${appHost}`,
    who: [{ kind: 'everyone' }],
    publicPaths: [],
    headers: appHeaders,
    keyVersion: 1,
    ...more,
  };
}

export function appsOf(...apps: readonly GuardedApp[]): Apps {
  return { apps: new Map(apps.map((app) => [app.name, app])), groups: new Map() };
}

export function frontInput(guards: FrontInput['guards'], ...apps: readonly GuardedApp[]): FrontInput {
  return {
    apps: appsOf(...(apps.length > 0 ? apps : [guardedApp()])),
    guards,
    keyOf: () => appKey,
    cookies: cookieNames,
  };
}
