// The routes of the audit log: all of it for operators, and for each member their own part.

import { createChainState } from '../audit/chain-state.ts';
import { rowOf } from '../audit/page-rows.ts';
import type { RecordPagesOptions } from '../audit/pages.ts';
import { createReader } from '../audit/reader.ts';
import { recordRoutes } from '../audit/routes.ts';
import type { StreamOptions } from '../audit/stream.ts';
import type { Config } from '../config/derive.ts';
import { type BoundRoute, bindRoutes } from '../http/routes.ts';
import type { ExportSource } from '../privacy/export.ts';
import type { Store } from '../store/contract.ts';
import { recordKeysOf } from './audit-log.ts';

export interface RecordParts
  extends Pick<RecordPagesOptions, 'recorder' | 'now' | 'limitCopies'>,
    Pick<StreamOptions, 'onStop' | 'watchSession'> {
  /** Called each time: a reload changes the keys. */
  readonly config: () => Config;
  readonly store: Pick<Store, 'record' | 'aliases'>;
}

export function bindRecord({ config, store, ...parts }: RecordParts): BoundRoute[] {
  const reader = createReader(store);
  const { now } = parts;
  const chainState = createChainState({ record: store.record, keys: () => recordKeysOf(config()), now });
  return bindRoutes(recordRoutes, { ...parts, reader, chainState });
}

const copiedAtMost = 5_000;

/** A person's entries, for the copy of everything about them. */
export function recordSource(store: RecordParts['store']): ExportSource {
  const reader = createReader(store);
  return async ({ ids: [id], email }) => {
    const items: unknown[] = [];
    let cursor: string | undefined;
    do {
      const person = { email, ...(id !== undefined && { id }) };
      const page = await reader.page({ person, limit: 200, cursor });
      for (const item of page.items) {
        const row = rowOf(item);
        if (!row.readable) continue;
        const { seq, about, event, outcome, reason, session, network } = row;
        const at = new Date(row.at).toISOString();
        items.push({ seq, at, event, what: about, outcome, reason, session, network });
      }
      cursor = page.next;
    } while (cursor !== undefined && items.length < copiedAtMost);
    return {
      section: 'record',
      about: `What happened to you here, newest first, at most ${copiedAtMost} entries. It stays after an erasure, but nothing then says whose it is.`,
      fields: {
        seq: 'the entry’s number',
        at: 'when',
        event: 'the name of what happened',
        what: 'the same in words',
        outcome: 'whether it was done, refused or failed',
        reason: 'why',
        session: 'the session’s public name',
        network: 'where from, cut to the network',
      },
      items,
    };
  };
}
