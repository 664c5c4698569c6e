// Gathers facts about the guard: where it listens, and what is in the apps file. Reads that file and the allow-list.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import type { Config } from '../../config/derive.ts';
import type { FileFact, GuardedAppFact, GuardFacts, Known } from '../deployment.ts';

/** Sentences, or what matters of each app. */
export type AppsSeen = { readonly faults: readonly string[] } | { readonly apps: readonly GuardedAppFact[] };

export interface GuardToSee {
  readonly folder: string;
  readonly listen: Config['guard']['listen'];
  /** As APPS_FILE names it. */
  readonly appsFile: string;
  /** undefined: it is not known. */
  readonly emailsFile: string | undefined;
  /** Whether the socket is on this machine, and not in a container. */
  readonly isSocketHere: boolean;
  readonly addressesIn: (path: string) => readonly string[];
  /** @param addresses of the allow-list */
  readonly appsIn: (text: string, addresses: readonly string[]) => AppsSeen;
}

export const noGuard = { missing: 'there is no guard: GUARD_LISTEN is not set' } as const;

export function lookAtGuard(see: GuardToSee): Known<GuardFacts> {
  const { folder, listen, appsFile, appsIn } = see;
  if (!listen) return noGuard;
  const at =
    listen.kind === 'port'
      ? listen
      : {
          kind: 'socket' as const,
          folder: see.isSocketHere
            ? factOf(folder, dirname(listen.path))
            : { path: dirname(listen.path), mode: undefined },
        };
  const path = resolve(folder, appsFile);
  const none = { listen: at, appsPath: appsFile, appsFile: undefined, faults: [], apps: [] };
  if (!existsSync(path)) return { found: none };
  let text: string;
  try {
    // Reading from a pipe could block for ever.
    if (!statSync(path).isFile()) return { missing: `${appsFile} is not a file`, unread: true };
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return {
      missing: `${appsFile} cannot be read (${(error as NodeJS.ErrnoException).code})`,
      unread: true,
    };
  }
  const seen = appsIn(text, addressesOf(see));
  return { found: { ...none, faults: [], apps: [], ...seen, appsFile: factOf(folder, path) } };
}

function addressesOf({ folder, emailsFile, addressesIn }: GuardToSee): readonly string[] {
  if (emailsFile === undefined) return [];
  try {
    return addressesIn(resolve(folder, emailsFile));
  } catch {
    // access.list reports it.
    return [];
  }
}

function factOf(folder: string, path: string): FileFact {
  const near = relative(folder, path);
  const found = process.platform === 'win32' ? undefined : statSync(path, { throwIfNoEntry: false });
  return { path: near.startsWith('..') ? path : near || '.', mode: found && found.mode & 0o777 };
}
