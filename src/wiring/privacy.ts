// A person's own data, from every module that keeps some: the copy, the erasure, and their addresses.
import { createAccessFile } from '../access/file.ts';
import { entries } from '../access/list.ts';
import { createAliases } from '../audit/aliases.ts';
import type { PersonRef } from '../audit/recorder.ts';
import type { Config } from '../config/derive.ts';
import { type BoundRoute, bindRoutes } from '../http/routes.ts';
import { createErase, type Erase, type ErasingRecorder } from '../privacy/erase.ts';
import { type ExportSource, exportPerson } from '../privacy/export.ts';
import type { PrivacyPagesOptions } from '../privacy/pages.ts';
import { behindAddress, type Somebody } from '../privacy/person.ts';
import { privacyRoutes } from '../privacy/routes.ts';
import type { Revocation } from '../sessions/revocation/revoke.ts';
import type { Store } from '../store/contract.ts';

export interface PrivacyParts {
  readonly config: Config;
  readonly store: Store;
  readonly recorder: ErasingRecorder;
  readonly revocation: Revocation;
  readonly now: () => number;
  /** What other modules keep about a person, to copy and to erase. */
  readonly sources?: readonly ExportSource[];
  readonly erasers?: readonly ((who: Somebody) => Promise<void>)[];
}

export interface Privacy {
  readonly erase: Erase;
  readonly exportPerson: (who: Somebody) => ReturnType<typeof exportPerson>;
  readonly find: (email: string) => Promise<Somebody | undefined>;
  readonly aliasOf: (who: Somebody) => Promise<string>;
  readonly behindAlias: (alias: string) => Promise<Somebody | undefined>;
}

export function createPrivacy(parts: PrivacyParts): Privacy {
  const { config, store, recorder, revocation, now, sources = [], erasers = [] } = parts;
  const { people, sessions, notes } = store;
  const aliases = createAliases(store.aliases);
  const isListed = (email: string) => listedAs(email, config) !== undefined;

  const list: ExportSource = async ({ email }) => {
    const comment = listedAs(email, config);
    return {
      section: 'access',
      about: 'Whether your address is on the list of who may sign in, with the comment that stands above it.',
      fields: { email: 'the address', comment: 'what an operator wrote above it' },
      items: comment === undefined ? [] : [{ email, comment }],
    };
  };

  return {
    exportPerson: (who) => exportPerson(who, { people, sessions, notes, further: [list, ...sources], now }),
    erase: createErase({
      store,
      recorder,
      forgetAliases: aliases.forget,
      endSessions: (id, by) => revocation.person(id, { reason: 'erased', ...(by !== 'retention' && { by }) }),
      further: erasers,
      isListed,
      now,
    }),
    async find(email) {
      const who = await behindAddress(email, people);
      const known = who.ids.length > 0 || (await aliases.all({ email: who.email })).length > 0;
      return known ? who : undefined;
    },
    async aliasOf({ ids: [id], email }) {
      const alias = await aliases.of({ email, ...(id !== undefined && { id }) });
      if (alias === undefined) throw new Error('nobody was named');
      return alias;
    },
    async behindAlias(alias) {
      const person = await aliases.personOf(alias);
      const email = person && (await addressOf(person, people));
      if (person === undefined || email === undefined) return undefined;
      // By account if it is known: the address may belong to somebody else by now.
      return person.id === undefined ? behindAddress(email, people) : { ids: [person.id], email };
    },
  };
}

async function addressOf({ id, email }: PersonRef, people: Store['people']): Promise<string | undefined> {
  return email ?? (id === undefined ? undefined : (await people.read(id))?.email);
}

/** The comment above an address in the allow-list, perhaps empty; undefined if it is not listed. */
function listedAs(email: string, { access }: Config): string | undefined {
  const found = createAccessFile(access.emailsFile).read();
  if ('fault' in found) return undefined;
  const list = entries(found.text);
  const entry = list.kind === 'broken' ? undefined : list.entries.find((one) => one.email === email);
  return entry && (entry.comment ?? '');
}

export interface PrivacyRouteParts
  extends Pick<PrivacyPagesOptions, 'signOutPath' | 'forgetBrowser' | 'limitCopies'>,
    Pick<PrivacyParts, 'config' | 'recorder'> {
  readonly privacy: Privacy;
}

const dayMs = 86_400_000;

export function bindPrivacy({ config, privacy, ...parts }: PrivacyRouteParts): BoundRoute[] {
  return bindRoutes(privacyRoutes, {
    ...privacy,
    ...parts,
    personRetentionDays: config.personRetentionMs / dayMs,
    recordRetentionDays: config.audit.retentionMs / dayMs,
  });
}
