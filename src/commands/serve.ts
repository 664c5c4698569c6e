// `gatehouse serve`: the server, with the settings of `.env` and the environment.
import type { LoadResult } from '../config/load.ts';
import type { Loaded } from './settings.ts';
import type { Command } from './terminal.ts';

const help = `gatehouse serve

  Starts the server with the settings of .env and of the environment. SIGHUP reloads the secrets;
  SIGTERM and SIGINT stop it once pending requests have been answered.

Exit code: 0 it was stopped, 1 it could not start or continue, 2 the settings are wrong.`;

interface ServeParts {
  readonly loaded: Loaded;
  readonly load: () => LoadResult;
}

export const serveCommand: Command<object, ServeParts> = {
  name: 'serve',
  help,
  read: (args) =>
    args.length > 0 ? { wrong: 'it takes no options; settings such as PORT belong in .env' } : {},
  async parts() {
    const { load, loaded } = await import('./settings.ts');
    return { loaded: loaded(), load };
  },
  async run(_task, { loaded, load }) {
    const [{ serve }, { returnIdleMemory }, { endWithProcess }, { reloadOnHangup }, { createLogger }] =
      await Promise.all([
        import('./serve-run.ts'),
        import('../ops/idle-memory.ts'),
        import('../ops/process-signals.ts'),
        import('../ops/reload-signal.ts'),
        import('../http/log.ts'),
      ]);
    let isServing = false;
    const running = serve(loaded, load, () => {
      isServing = true;
    });
    // Before it listens: a signal during start-up also ends it gracefully, and SIGHUP without a listener would kill the process.
    endWithProcess({
      stop: async () => (await running).stop(),
      logger: createLogger(loaded.config.logLevel),
      isServing: () => isServing,
    });
    reloadOnHangup({ reload: async () => (await running.catch(() => undefined))?.reload() });
    await running;
    returnIdleMemory();
    return 0;
  },
};
