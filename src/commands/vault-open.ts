// What `gatehouse vault` works with: this deployment's vault, and this machine's name.
import { text } from 'node:stream/consumers';
import type { Config } from '../config/derive.ts';
import { removableUntil } from '../store/seen-clock.ts';
import { openVault } from '../vault/open.ts';
import { openDeployment } from './deployment.ts';
import { askSecret } from './question.ts';
import type { VaultParts } from './vault-run.ts';

export function vaultParts(config: Config): VaultParts {
  return {
    url: config.confluence.url,
    cookieFile: config.confluence.cookieFile,
    computer: process.env['COMPUTERNAME'],
    user: process.env['USERNAME'],
    now: Date.now,
    readInput: () => text(process.stdin),
    askSecret,
    async open() {
      const { store, recorder, close } = await openDeployment(config);
      return {
        vault: openVault({
          config: () => config,
          notes: store.notes,
          recorder,
          now: Date.now,
          removesUntil: () => removableUntil(store.facts, Date.now()),
        }),
        recorder,
        close,
      };
    },
  };
}
