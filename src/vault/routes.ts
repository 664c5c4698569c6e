// The routes of the vault, for operators.
import type { Route } from '../http/routes.ts';
import {
  clearEntry,
  confirmClear,
  confirmRekey,
  loadFromFile,
  loadPasted,
  rekeyVault,
  showVault,
  testVault,
  type VaultPagesOptions,
} from './pages.ts';

const page = { who: 'operator', method: 'GET' } as const;
const form = { who: 'operator', method: 'POST', page: '/vault' } as const;

export const vaultRoutes: readonly Route<VaultPagesOptions>[] = [
  { ...page, path: '/vault', does: 'which cookies are stored, by name and age', handler: showVault },
  { ...form, path: '/vault/load', does: 'stores pasted cookies', handler: loadPasted },
  { ...form, path: '/vault/load-file', does: 'stores the cookies of the text file', handler: loadFromFile },
  { ...form, path: '/vault/test', does: 'tests the stored cookies with the service', handler: testVault },
  { ...page, path: '/vault/clear', does: 'asks before an entry is removed', handler: confirmClear },
  { ...form, path: '/vault/clear', does: 'removes an entry', handler: clearEntry },
  {
    ...page,
    path: '/vault/rekey',
    does: 'asks before the data key is replaced',
    handler: () => confirmRekey,
  },
  { ...form, path: '/vault/rekey', page: '/vault/rekey', does: 'replaces the data key', handler: rekeyVault },
];
