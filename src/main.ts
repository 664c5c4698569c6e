#!/usr/bin/env node
// The commands. Errors are one line: what is wrong and the mend; exit code 2 where the command or the settings are wrong.
import type { Config } from './config/derive.ts';
import { formatProblems, type LoadResult, loadConfig } from './config/load.ts';
import { wordsForError } from './files/file-refused.ts';

const giveUpAfterMs = 2_000;

const help = `gatehouse: the session desk for oauth2-proxy

  gatehouse serve       the server, with the settings of .env and the environment
  gatehouse sessions    the desk without a browser: list, revoke
  gatehouse audit       the record: verify, export, checkpoint
  gatehouse doctor      the check-up: is this deployment hardened
  gatehouse store       whose the store is; take-over
  gatehouse vault       the vault: status, load, clear, rekey, import-legacy
  gatehouse confluence  the library: sync, status, export
  gatehouse clock       what retention makes of the clock: believe
  gatehouse backup      one file with all that is kept, made while the server runs
  gatehouse restore     puts a backup in place, or only verifies it
  gatehouse move-store  moves sessions and the record from SQLite to Redis, or back
  gatehouse help        this text; each of the others has \`--help\`
`;

const commands: Record<string, (args: readonly string[]) => Promise<void>> = {
  serve: async (args) => {
    if (args.length > 0) return fail('`serve` takes no options; set PORT and the others in .env.', 2);
    const loaded = load();
    if ('problems' in loaded) return refuseStart(loaded);
    const { serve } = await import('./serve.ts');
    const { endWithProcess } = await import('./ops/process-signals.ts');
    const { reloadOnHangup } = await import('./ops/reload-signal.ts');
    const { createLogger } = await import('./http/log.ts');
    let isServing = false;
    const running = serve(loaded, load, () => {
      isServing = true;
    });
    // Already while it starts: a signal that comes then ends it in order too, and a SIGHUP that nobody hears would end it at once.
    endWithProcess({
      stop: async () => (await running).stop(),
      logger: createLogger(loaded.config.logLevel),
      isServing: () => isServing,
    });
    reloadOnHangup({ reload: async () => (await running.catch(() => undefined))?.reload() });
    await running;
  },
  sessions: async (args) => {
    const config = configuration(args);
    if (!config) return;
    const { sessionsCommand } = await import('./sessions-command.ts');
    process.exitCode = await sessionsCommand(args, config);
  },
  audit: async (args) => {
    const config = configuration(args);
    if (!config) return;
    const { auditCommand } = await import('./audit-command.ts');
    process.exitCode = await auditCommand(args, config);
  },
  doctor: async (args) => {
    const { doctorCommand } = await import('./wiring/doctor.ts');
    process.exitCode = await doctorCommand(args);
  },
  store: async (args) => {
    const config = configuration(args);
    if (!config) return;
    const { storeCommand } = await import('./store-command.ts');
    process.exitCode = await storeCommand(args, config);
  },
  vault: async (args) => {
    const config = configuration(args);
    if (!config) return;
    const { vaultCommand } = await import('./vault-command.ts');
    process.exitCode = await vaultCommand(args, config);
  },
  confluence: async (args) => {
    const config = configuration(args);
    if (!config) return;
    const { confluenceCommand } = await import('./confluence-command.ts');
    process.exitCode = await confluenceCommand(args, config);
  },
  clock: async (args) => {
    const config = configuration(args);
    if (!config) return;
    const { clockCommand } = await import('./clock-command.ts');
    process.exitCode = await clockCommand(args, config);
  },
  backup: async (args) => {
    const config = configuration(args);
    if (!config) return;
    const { backupCommand } = await import('./backup-command.ts');
    process.exitCode = await backupCommand(args, config);
  },
  restore: async (args) => {
    const { restoreCommand } = await import('./restore-command.ts');
    process.exitCode = await restoreCommand(args, load());
  },
  'move-store': async (args) => {
    const isHelp = args.some((one) => one === '--help' || one === '-h');
    const loaded = isHelp ? loadConfig({ env: { DEV_MODE: 'true' } }) : load();
    if ('problems' in loaded) return refuseStart(loaded);
    const { moveStoreCommand } = await import('./move-store-command.ts');
    process.exitCode = await moveStoreCommand(args, loaded);
  },
  help: async () => {
    process.stdout.write(help);
  },
};

const [name = 'help', ...args] = process.argv.slice(2);
const command = commands[name.replace(/^(--help|-h)$/, 'help')];
if (!command) {
  fail(`There is no command "${name.slice(0, 40)}"; \`gatehouse help\` lists them.`, 2);
} else {
  run(command);
}

function run(chosen: (args: readonly string[]) => Promise<void>): void {
  let isDone = false;
  // A promise that nothing can settle any more ends the process with 0, and nobody would know that the work was not done.
  process.once('exit', (code) => {
    if (!isDone && code === 0)
      fail(`Gatehouse stops: \`${name}\` ended before it was done; run it again.`, 1);
  });
  chosen(args)
    .catch((error: unknown) => {
      const debug = process.env['LOG_LEVEL'] === 'debug' && error instanceof Error;
      fail(debug ? `${error.stack}` : `Gatehouse stops: ${wordsOf(error)}`, 1);
      // Whatever is still open must not keep a process alive that has given up.
      setTimeout(() => process.exit(), giveUpAfterMs).unref();
    })
    .finally(() => {
      isDone = true;
    });
}

function wordsOf(error: unknown): string {
  const store = { path: 'gatehouse.db', setting: 'DATA_DIR' };
  return wordsForError(error, store) ?? (error instanceof Error ? error.message : 'an unknown error');
}

function load(): LoadResult {
  return loadConfig({ env: process.env, envFile: '.env' });
}

/** Help is given without settings too. */
function configuration(args: readonly string[]): Config | undefined {
  const isHelp = args.some((one) => one === '--help' || one === '-h');
  const loaded = isHelp ? loadConfig({ env: { DEV_MODE: 'true' } }) : load();
  if ('config' in loaded) return loaded.config;
  refuseStart(loaded);
  return undefined;
}

function refuseStart({ problems, doubts }: Extract<LoadResult, { problems: unknown }>): void {
  fail(`Gatehouse cannot start:\n${formatProblems([...problems, ...doubts])}`, 2);
}

function fail(message: string, code: number): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = code;
}
