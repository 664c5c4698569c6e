// What `gatehouse confluence` works with: the library, the vault's cookies and Confluence itself.
import type { Config } from '../config/derive.ts';
import { openLibrary } from '../confluence/library-store.ts';
import { removableUntil } from '../store/seen-clock.ts';
import { openVault } from '../vault/open.ts';
import { openConfluence } from '../wiring/confluence.ts';
import type { ConfluenceParts } from './confluence-run.ts';
import { openDeployment } from './deployment.ts';
import { onInterrupt, processScreen } from './progress-line.ts';

export function confluenceParts(config: Config): ConfluenceParts {
  return {
    now: Date.now,
    screen: processScreen(),
    onInterrupt,
    async open() {
      if (config.confluence.url === undefined) return { missing: true };
      const { store, recorder, logger, close } = await openDeployment(config);
      const cookies = openVault({
        config: () => config,
        notes: store.notes,
        recorder,
        now: Date.now,
        removesUntil: () => removableUntil(store.facts, Date.now()),
      });
      const library = openLibrary(config.dataDir);
      const confluence = openConfluence({ config, library, cookies, recorder, logger });
      if (!confluence) return { missing: true };
      return {
        confluence,
        async close() {
          library.close();
          await close();
        },
      };
    },
  };
}
