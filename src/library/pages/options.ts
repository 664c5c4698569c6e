// What every page of the library receives.
import type { Request } from 'express';
import type { Recorder } from '../../audit/recorder.ts';
import type { LibraryParts, Space } from '../contract.ts';
import type { ReadingChild } from '../process/reading-process.ts';
import type { PageStyle } from '../render/document.ts';

export interface LibraryOptions {
  readonly library: LibraryParts;
  readonly recorder: Recorder;
  readonly style: PageStyle;
  /** For work that can take long. */
  readonly reading: Pick<ReadingChild, 'ask'>;
  readonly now: () => number;
}

/** A single value of the query; a repeated parameter is treated as missing. */
export function queryText(req: Request, name: string): string | undefined {
  const value: unknown = req.query[name];
  return typeof value === 'string' ? value : undefined;
}

export function spaceOf(library: LibraryParts, key: string): Space | undefined {
  return library.pages.spaces().find((space) => space.key === key);
}
