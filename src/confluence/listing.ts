// The first half of a sync: which pages exist. A list is either complete or fetched again; a partial list is never compared.
import { type Api, type FileHint, type ListedPage, type ListedSpace, quoted } from './api.ts';
import { Unanswered } from './outcomes.ts';
import type { Scope } from './scope.ts';
import type { SyncStore } from './sync-store.ts';

export interface Listing {
  readonly api: Api;
  readonly store: SyncStore;
  readonly run: number;
  readonly fileLimit: number;
  readonly now: () => number;
  onListed(space: string, pages: number): void;
}

/** Ids per query: keeps the address below 2,000 characters. */
const batch = 40;

/** @throws Unanswered */
export async function listScope(scope: Scope, listing: Listing): Promise<void> {
  const { of, days } = scope;
  const anew = scope.anew ?? false;
  if (of.what === 'page' || of.what === 'title') return listTree(of, anew, listing);
  const spaces = await spacesOf(of, listing);
  if (days !== undefined) {
    const where = `lastmodified >= now("-${days}d")`;
    const keys = spaces.map(({ key }) => quoted(key)).join(',');
    return listChanged(of.what === 'spaces' ? `${where} and space in (${keys})` : where, anew, listing);
  }
  for (const space of spaces) await listSpace(space, anew, listing);
  if (of.what === 'everything') listing.store.spacesGone(new Set(spaces.map(({ key }) => key)));
}

async function spacesOf(
  of: { what: 'everything' } | { what: 'spaces'; keys: readonly string[] },
  { api, store, now }: Listing,
): Promise<ListedSpace[]> {
  const spaces: ListedSpace[] = [];
  if (of.what === 'spaces') for (const key of new Set(of.keys)) spaces.push(await api.space(key));
  else for await (const some of api.spaces()) spaces.push(...some);
  for (const space of spaces) store.putSpace(space, now());
  return spaces;
}

async function listSpace(space: ListedSpace, anew: boolean, listing: Listing): Promise<void> {
  const { api, store, run } = listing;
  if (store.isListed(space.key)) return;
  await take(space.key, api.pagesOf(space), listing);
  const files: FileHint[] = [];
  if (!anew && store.unchanged(space.key).size > 0) {
    for await (const some of api.findFiles(`space=${quoted(space.key)}`))
      files.push(...fitting(some, listing));
  }
  store.compare(run, {
    list: space.key,
    completeSpace: space.key,
    hints: anew ? undefined : { files, whole: true },
  });
}

/** Lists that do not belong to a space; no space key can have such a name. */
const treeList = '\ntree';
const changedList = '\nchanged';

async function listTree(
  of: Extract<Scope['of'], { what: 'page' | 'title' }>,
  anew: boolean,
  listing: Listing,
): Promise<void> {
  const { api, store, run } = listing;
  if (store.isListed(treeList)) return;
  const top =
    of.what === 'page' ? await api.page(of.id) : await api.titled(await api.space(of.space), of.title);
  if (!top) throw new Unanswered('not_found');
  await take(treeList, one([top]), listing);
  if (of.children) await take(treeList, api.findPages(`ancestor=${top.id}`), listing);
  await knowSpaces([top.space], listing);
  const files: FileHint[] = [];
  const same = anew ? [] : [...store.unchanged(treeList)];
  for (let at = 0; at < same.length; at += batch) {
    const where = `container in (${same.slice(at, at + batch).join(',')})`;
    for await (const some of api.findFiles(where)) files.push(...fitting(some, listing));
  }
  store.compare(run, {
    list: treeList,
    completeSpace: undefined,
    hints: anew ? undefined : { files, whole: true },
  });
}

async function listChanged(where: string, anew: boolean, listing: Listing): Promise<void> {
  const { api, store, run } = listing;
  if (store.isListed(changedList)) return;
  const listed = new Set<string>();
  const spaces = new Set<string>();
  const note = async function* (lists: AsyncGenerator<ListedPage[]>) {
    for await (const pages of lists) {
      for (const { id, space } of pages) {
        listed.add(id);
        spaces.add(space);
      }
      yield pages;
    }
  };
  await take(changedList, note(api.findPages(where)), listing);
  const files: FileHint[] = [];
  for await (const some of api.findFiles(where)) files.push(...fitting(some, listing));
  // An attachment can be new although its page did not change.
  const more = [...new Set(files.map(({ page }) => page))].filter((page) => !listed.has(page));
  for (let at = 0; at < more.length; at += batch) {
    const ids = `id in (${more.slice(at, at + batch).join(',')})`;
    await take(changedList, note(api.findPages(ids)), listing);
  }
  await knowSpaces(spaces, listing);
  store.compare(run, {
    list: changedList,
    completeSpace: undefined,
    hints: anew ? undefined : { files, whole: false },
  });
}

async function take(list: string, pages: AsyncIterable<ListedPage[]>, { store, onListed }: Listing) {
  for await (const some of pages) {
    store.list(list, some);
    onListed(some[0]?.space ?? '', some.length);
  }
}

async function knowSpaces(keys: Iterable<string>, { api, store, now }: Listing): Promise<void> {
  for (const key of keys) store.putSpace(await api.space(key), now());
}

async function* one<T>(value: T): AsyncGenerator<T> {
  yield value;
}

/** Attachments that are too large are not stored, and are not looked for again in each sync. */
function fitting(files: readonly FileHint[], { fileLimit }: Listing): FileHint[] {
  return files.filter(({ size }) => size <= fileLimit);
}
