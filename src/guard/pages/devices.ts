// Which apps a session used, for the pages that list sessions.
import type { SessionItem } from '../../../views/session-row.ts';
import { appUses } from '../app-uses.ts';
import type { Apps } from '../contract.ts';
import { hasGrant } from '../grants.ts';

/**
 * Names the apps in a session's data by their titles; an app that is no longer in the file, by its key.
 * @returns for the row's data: each app, when it was used, in milliseconds, and whether it is open there; the latest use first
 */
export function readAppsUsed({ apps }: { readonly apps: () => Apps }) {
  return (data: Readonly<Record<string, unknown>>): NonNullable<SessionItem['apps']> => {
    const known = apps().apps;
    return [...appUses(data)].map(([name, at]) => {
      const app = known.get(name);
      return { name, title: app?.title ?? name, at, isOpen: app !== undefined && hasGrant(data, name) };
    });
  };
}

/** The apps of the file, for the choice of one. */
export function namesOfApps({ apps }: { readonly apps: () => Apps }) {
  return () => [...apps().apps.values()].map(({ name, title }) => ({ name, title }));
}
