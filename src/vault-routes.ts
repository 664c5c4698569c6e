// The vault's addresses, behind the gate, the session and the anti-forgery check: operators alone.
import type { Express, RequestHandler, Response } from 'express';
import type { Recorder } from './audit/recorder.ts';
import type { Config } from './config/derive.ts';
import { onlyMethods } from './http/errors.ts';
import type { Vault } from './vault/contract.ts';
import {
  type ConnectionTest,
  clearEntry,
  confirmClear,
  confirmRekey,
  loadFromFile,
  loadPasted,
  rekeyVault,
  showVault,
  testVault,
} from './vault/pages.ts';

/** Everything here needs the member chain before it. */
export const vaultPaths = ['/vault', '/vault/*path'];

export interface VaultRoutes {
  readonly config: Config;
  readonly vault: Vault;
  readonly recorder: Recorder;
  /** Absent: nothing can be asked. */
  readonly testConnection?: ConnectionTest;
  readonly now: () => number;
  /** Lets only operators on. */
  readonly operator: RequestHandler;
  readonly personOf: (res: Response) => {
    readonly id: string;
    readonly email: string;
    readonly operator: boolean;
  };
}

export function addVaultRoutes(app: Express, { config, operator, ...routes }: VaultRoutes): void {
  const { url, cookieFile } = config.confluence;
  const options = { ...routes, cookieFile, target: url === undefined ? undefined : new URL(url) };

  app.all(vaultPaths, operator);
  app.get('/vault', showVault(options));
  app.post('/vault/load', loadPasted(options));
  app.post('/vault/load-file', loadFromFile(options));
  app.post('/vault/test', testVault(options));
  app.get('/vault/clear', confirmClear(options));
  app.post('/vault/clear', clearEntry(options));
  app.get('/vault/rekey', confirmRekey);
  app.post('/vault/rekey', rekeyVault(options));

  app.all('/vault', onlyMethods('GET'));
  app.all(['/vault/load', '/vault/load-file', '/vault/test'], onlyMethods('POST'));
  app.all(['/vault/clear', '/vault/rekey'], onlyMethods('GET', 'POST'));
}
