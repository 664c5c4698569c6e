// `gatehouse vault …`: opens the store, the record and the vault, and asks for a passphrase without an echo.
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Config } from './config/derive.ts';
import { createLogger } from './http/log.ts';
import { removableUntil } from './store/seen-clock.ts';
import { runVaultCommand } from './vault/cli.ts';
import { openVault } from './vault/open.ts';
import { openRecord } from './wiring/audit-log.ts';
import { openStore } from './wiring/store.ts';

/** @returns the exit code. */
export function vaultCommand(args: readonly string[], config: Config): Promise<number> {
  const logger = createLogger(config.logLevel === 'info' ? 'error' : config.logLevel, process.stderr);
  return runVaultCommand(args, {
    url: config.confluence.url,
    cookieFile: config.confluence.cookieFile,
    computer: process.env['COMPUTERNAME'],
    user: process.env['USERNAME'],
    now: Date.now,
    readInput: () => text(process.stdin),
    askSecret,
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
    async open() {
      const { store } = await openStore(config, logger);
      const recorder = openRecord({ config: () => config, store, logger, now: Date.now });
      return {
        vault: openVault({
          config: () => config,
          notes: store.notes,
          recorder,
          now: Date.now,
          removesUntil: () => removableUntil(store.facts, Date.now()),
        }),
        recorder,
        async close() {
          await recorder.close();
          await store.close();
        },
      };
    },
  });
}

/** Readline edits the line; what it would show goes nowhere. Ctrl-C and Ctrl-D are an empty answer. */
export function askSecret(question: string): Promise<string | undefined> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY) return Promise.resolve(undefined);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: stdin, output: silent, terminal: true, historySize: 0 });
  stderr.write(question);
  return new Promise((resolve) => {
    let answer = '';
    reader.once('line', (line) => {
      answer = line;
      reader.close();
    });
    reader.once('SIGINT', () => reader.close());
    reader.once('close', () => {
      stderr.write('\n');
      resolve(answer);
    });
  });
}
