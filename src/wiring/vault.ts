// The routes of the vault, with the service whose cookies it keeps.
import type { Config } from '../config/derive.ts';
import { type BoundRoute, bindRoutes } from '../http/routes.ts';
import type { VaultPagesOptions } from '../vault/pages.ts';
import { vaultRoutes } from '../vault/routes.ts';

export interface VaultParts extends Omit<VaultPagesOptions, 'target' | 'cookieFile'> {
  readonly config: Config;
}

export function bindVault({ config, ...parts }: VaultParts): BoundRoute[] {
  const { url, cookieFile } = config.confluence;
  return bindRoutes(vaultRoutes, {
    ...parts,
    cookieFile,
    target: url === undefined ? undefined : new URL(url),
  });
}
