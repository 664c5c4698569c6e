#!/usr/bin/env node
// The commands. Errors are one line: what is wrong and the mend; exit code 2 where the command or the settings are wrong.
import type { Config } from './config/derive.ts';
import { formatProblems, loadConfig } from './config/load.ts';

const help = `gatehouse: the session desk for oauth2-proxy

  gatehouse serve     the server, with the settings of .env and the environment
  gatehouse sessions  the desk without a browser: list, revoke (\`gatehouse sessions --help\`)
  gatehouse vault     the vault: status, load, clear, rekey, import-legacy (\`gatehouse vault --help\`)
  gatehouse confluence  the library: sync, status (\`gatehouse confluence --help\`)
  gatehouse help      this text
`;

const commands: Record<string, (args: readonly string[]) => Promise<void>> = {
  serve: async (args) => {
    if (args.length > 0) return fail('`serve` takes no options; set PORT and the others in .env.', 2);
    const config = configuration();
    if (!config) return;
    const { serve } = await import('./serve.ts');
    const running = await serve(config);
    const stop = () =>
      void running.stop().then(
        () => process.exit(0),
        () => process.exit(1),
      );
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  },
  sessions: async (args) => {
    const config = configuration();
    if (!config) return;
    const { sessionsCommand } = await import('./sessions-command.ts');
    process.exitCode = await sessionsCommand(args, config);
  },
  vault: async (args) => {
    const config = configuration();
    if (!config) return;
    const { vaultCommand } = await import('./vault-command.ts');
    process.exitCode = await vaultCommand(args, config);
  },
  confluence: async (args) => {
    const config = configuration();
    if (!config) return;
    const { confluenceCommand } = await import('./confluence-command.ts');
    process.exitCode = await confluenceCommand(args, config);
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
  command(args).catch((error: unknown) => {
    const debug = process.env['LOG_LEVEL'] === 'debug' && error instanceof Error;
    fail(
      debug
        ? `${error.stack}`
        : `Gatehouse stops: ${error instanceof Error ? error.message : 'an unknown error'}`,
      1,
    );
  });
}

function configuration(): Config | undefined {
  const loaded = loadConfig({ env: process.env, envFile: '.env' });
  if ('config' in loaded) return loaded.config;
  fail(`Gatehouse cannot start:\n${formatProblems(loaded.problems)}`, 2);
  return undefined;
}

function fail(message: string, code: number): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = code;
}
