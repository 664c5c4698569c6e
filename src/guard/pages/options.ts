// What the guard's pages need of the rest of the guard.
import type { SessionTable } from '../../store/contract-sessions.ts';
import type { AppEndings } from '../app-endings.ts';
import type { AppHistories } from '../app-history.ts';
import type { AppRules } from '../app-rules.ts';
import type { SessionAppUse } from '../app-uses.ts';
import type { Apps } from '../contract.ts';

export interface LauncherOptions {
  /** The apps that the file describes now. */
  readonly apps: () => Apps;
  /** Which apps a person's live sessions used. The function throws StoreUnavailable. */
  readonly usesOf: (personId: string) => Promise<readonly SessionAppUse[]>;
  readonly now: () => number;
}

export interface RulePagesOptions {
  readonly rules: AppRules;
  readonly histories: AppHistories;
  readonly endings: Pick<AppEndings, 'everywhere' | 'person'>;
  readonly sessions: Pick<SessionTable, 'findByHandle'>;
  /** When anybody last used each app, in milliseconds; absent if no use is known. The function throws StoreUnavailable. */
  readonly lastUsed: (apps: Iterable<string>) => Promise<ReadonlyMap<string, number>>;
  readonly now: () => number;
}
