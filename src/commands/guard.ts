// `gatehouse guard config`: what the reverse proxy in front of the apps includes.
import { parseArgs } from 'node:util';
import type { FrontName, GuardParts, GuardTask } from './guard-run.ts';
import type { Command, Wrong } from './terminal.ts';

const help = `gatehouse guard config nginx|caddy|traefik [APP] [--write DIR] [--guard ADDRESS]...

  Prints what the reverse proxy includes so that every request of an app asks Gatehouse first.
  Without APP for all apps of APPS_FILE. It contains the apps' keys: keep it private.

  --write DIR      writes it to a folder instead, and keeps that in step: only what changed is
                   written, and files of apps that are gone are removed. Files that Gatehouse
                   did not write stay as they are
  --guard ADDRESS  where the reverse proxy reaches GUARD_LISTEN, if not as it is written there:
                   unix:/path or host:port. Once for each replica

  Run it again after a change of the apps, and after SECRET_KEY was replaced and reloaded; then
  reload the reverse proxy, as the output says.

Exit code: 0 done, 1 it could not be done, 2 the command or the settings are wrong.`;

const fronts: readonly FrontName[] = ['nginx', 'caddy', 'traefik'];

export const guardCommand: Command<GuardTask, GuardParts> = {
  name: 'guard',
  help,
  read: readGuard,
  async parts() {
    const { configuration } = await import('./settings.ts');
    return (await import('./guard-open.ts')).guardParts(configuration());
  },
  run: async (task, parts, say) => (await import('./guard-run.ts')).configure(task, parts, say),
};

function readGuard([what, ...rest]: readonly string[]): GuardTask | Wrong {
  if (what !== 'config')
    return { wrong: what === undefined ? 'say config' : `there is no "${what.slice(0, 40)}"` };
  const { values, positionals } = parseArgs({
    args: rest,
    allowPositionals: true,
    options: { write: { type: 'string' }, guard: { type: 'string', multiple: true, default: [] } },
  });
  const [name, app, ...more] = positionals;
  const front = fronts.find((one) => one === name);
  if (front === undefined) return { wrong: 'say which reverse proxy: nginx, caddy or traefik' };
  if (more.length > 0) return { wrong: 'it takes one app, or none for all' };
  if (values.write === '') return { wrong: '--write takes a folder' };
  return { front, app, folder: values.write, guards: values.guard };
}
