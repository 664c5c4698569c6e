// `node generate-secrets.ts`: creates or completes .env, and rotates the secrets in it. The implementation is in src/secrets/command.ts.
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import { wordsForError } from './src/files/file-refused.ts';
import { generateSecrets } from './src/secrets/command.ts';

/** Ctrl-C and Ctrl-D count as no. Asks on standard error, so that standard output contains only the report. */
function ask(question: string): Promise<boolean> {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  return new Promise((resolve) => {
    reader.once('close', () => resolve(false));
    reader.question(question, (answer) => {
      resolve(/^y(es)?$/i.test(answer.trim()));
      reader.close();
    });
  });
}

try {
  process.exitCode = await generateSecrets(process.argv.slice(2), {
    cwd: process.cwd(),
    isInteractive: process.stdin.isTTY === true,
    ask,
    out: (line) => console.log(line),
    err: (line) => console.error(line),
    now: Date.now,
    bytes: randomBytes,
    lockWaitMs: 5000,
    // Loaded only when needed: everything else works without the rest of Gatehouse.
    vaultOf: async (envFile) => (await import('./src/wiring/generator-vault.ts')).vaultOf(envFile),
    countPeople: async (envFile) => (await import('./src/wiring/emergency.ts')).countPeople(envFile),
    endEverything: async (envFile) => (await import('./src/wiring/emergency.ts')).endEverything(envFile),
  });
} catch (error) {
  const { message, stack } = error as Error;
  const words = wordsForError(error, { path: 'gatehouse.db', setting: 'DATA_DIR' }) ?? message;
  console.error(process.env['LOG_LEVEL'] === 'debug' ? stack : `generate-secrets: ${words}`);
  process.exitCode = 1;
}
