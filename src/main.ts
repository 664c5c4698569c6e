#!/usr/bin/env node
// The commands by name. Each is loaded only when it is run. An error is one line: what is wrong and what to do.
import { useCompileCache } from './commands/compile-cache.mjs';
import { type ExitCode, plain, runCommand, SettingsRefused } from './commands/terminal.ts';

const giveUpAfterMs = 2_000;

const help = `gatehouse: the session desk for oauth2-proxy

  gatehouse serve       starts the server, with the settings of .env and the environment
  gatehouse sessions    sessions in the terminal: list, revoke
  gatehouse audit       the record: verify, export, checkpoint
  gatehouse doctor      the check-up: is this deployment hardened
  gatehouse store       the owner of the store: show, take-over
  gatehouse vault       the vault: status, load, clear, rekey, import-legacy
  gatehouse confluence  the library: sync, status, export
  gatehouse clock       whether the clock is trusted for removing old data: believe
  gatehouse backup      writes everything to one file, while the server runs
  gatehouse restore     restores a backup, or only verifies it
  gatehouse move-store  moves sessions and the record from SQLite to Redis, or back
  gatehouse guard       what the reverse proxy includes, so that every app asks Gatehouse: config
  gatehouse help        this text; each of the others has \`--help\`
`;

type Run = (args: readonly string[]) => Promise<ExitCode>;

const commands: Record<string, Run> = {
  serve: async (args) => runCommand((await import('./commands/serve.ts')).serveCommand, args),
  sessions: async (args) => runCommand((await import('./commands/sessions.ts')).sessionsCommand, args),
  audit: async (args) => runCommand((await import('./commands/audit.ts')).auditCommand, args),
  doctor: async (args) => runCommand((await import('./commands/doctor.ts')).doctorCommand, args),
  store: async (args) => runCommand((await import('./commands/store.ts')).storeCommand, args),
  vault: async (args) => runCommand((await import('./commands/vault.ts')).vaultCommand, args),
  confluence: async ([task, ...rest]) =>
    task === 'export'
      ? runCommand((await import('./commands/export.ts')).exportCommand, rest)
      : runCommand(
          (await import('./commands/confluence.ts')).confluenceCommand,
          task === undefined ? [] : [task, ...rest],
        ),
  clock: async (args) => runCommand((await import('./commands/clock.ts')).clockCommand, args),
  backup: async (args) => runCommand((await import('./commands/backup.ts')).backupCommand, args),
  restore: async (args) => runCommand((await import('./commands/restore.ts')).restoreCommand, args),
  'move-store': async (args) => runCommand((await import('./commands/move-store.ts')).moveStoreCommand, args),
  guard: async (args) => runCommand((await import('./commands/guard.ts')).guardCommand, args),
  help: async () => {
    process.stdout.write(help);
    return 0;
  },
};

useCompileCache();
const [name = 'help', ...args] = process.argv.slice(2);
const chosen = name.replace(/^(--help|-h)$/, 'help');
const command = Object.hasOwn(commands, chosen) ? commands[chosen] : undefined;
if (command) run(command);
else fail(`There is no command "${plain(name.slice(0, 40))}"; \`gatehouse help\` lists them.`, 2);

function run(start: Run): void {
  let isDone = false;
  // When no pending promise can settle any more, Node exits with 0, and nobody would know that the work was not done.
  process.once('exit', (code) => {
    if (!isDone && code === 0)
      fail(`Gatehouse stops: \`${name}\` ended before it was done; run it again.`, 1);
  });
  start(args)
    .then((code) => {
      process.exitCode = code;
    })
    .catch(giveUp)
    .finally(() => {
      isDone = true;
    });
}

async function giveUp(error: unknown): Promise<void> {
  if (error instanceof SettingsRefused) return fail(error.message, 2);
  // Handles that are still open must not keep the process alive after it has failed.
  setTimeout(() => process.exit(), giveUpAfterMs).unref();
  process.exitCode = 1;
  const debug = process.env['LOG_LEVEL'] === 'debug' && error instanceof Error;
  fail(debug ? `${error.stack}` : `Gatehouse stops: ${await wordsOf(error)}`, 1);
}

async function wordsOf(error: unknown): Promise<string> {
  const { wordsForError } = await import('./files/file-refused.ts');
  const store = { path: 'gatehouse.db', setting: 'DATA_DIR' };
  return wordsForError(error, store) ?? (error instanceof Error ? error.message : 'an unknown error');
}

/** A message can have several lines; in each, characters that control a terminal are replaced. */
function fail(message: string, code: number): void {
  process.stderr.write(`${message.split('\n').map(plain).join('\n')}\n`);
  process.exitCode = code;
}
