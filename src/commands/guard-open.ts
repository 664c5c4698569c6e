// What `gatehouse guard` works with: the apps, and the keys that follow from SECRET_KEY.
import type { Config } from '../config/derive.ts';
import type { ListenAddress } from '../config/settings/guard.ts';
import { createKeyring } from '../crypto/keyring.ts';
import { createAppsFile } from '../guard/apps-file.ts';
import { frontKey } from '../guard/front-key.ts';
import type { GuardParts } from './guard-run.ts';
import { SettingsRefused } from './terminal.ts';

const silent = { info: () => undefined, error: () => undefined };

/** The newest SECRET_KEY derives the keys: every server must have loaded it. @throws SettingsRefused if there is none */
export function guardParts(config: Config): GuardParts {
  if (config.isKeyMadeUp)
    throw new SettingsRefused(
      'There is no SECRET_KEY, so no server would know the keys of the apps; set one first.',
    );
  const keyring = createKeyring(config.secretKeys);
  const { listen, appsFile } = config.guard;
  return {
    async apps() {
      const file = createAppsFile({ path: appsFile, deskOrigin: config.publicOrigin, logger: silent });
      const apps = file.current();
      const { faults, readAt } = file.state();
      const [fault] = faults;
      if (!fault && readAt === undefined)
        return { fault: `${appsFile} is not there: write it first, as access/apps.yaml.example shows` };
      if (!fault) return apps;
      const line = fault.line === undefined ? '' : `, line ${fault.line}`;
      return { fault: `${appsFile}${line}: ${fault.message}` };
    },
    listen: listen && textOf(listen),
    keyOf: (app) => frontKey(keyring, app),
    cookies: { gate: config.gate.cookie.name, desk: [config.session.cookieName, config.visitor.cookieName] },
  };
}

function textOf(at: ListenAddress): string {
  if (at.kind === 'socket') return `unix:${at.path}`;
  return `${at.host.includes(':') ? `[${at.host}]` : at.host}:${at.port}`;
}
