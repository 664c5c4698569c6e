// Questions at the terminal: with an echo, and without one for secrets.
import { createInterface } from 'node:readline';
import { createInterface as createPrompt } from 'node:readline/promises';
import { Writable } from 'node:stream';

/** undefined if there is no terminal to ask on. */
export type AskSecret = (question: string) => Promise<string | undefined>;

/** Asks for a word, with an echo; undefined if there is no terminal. */
export async function askWord(question: string): Promise<string | undefined> {
  if (!process.stdin.isTTY) return undefined;
  const reader = createPrompt({ input: process.stdin, output: process.stderr });
  try {
    return await reader.question(question);
  } finally {
    reader.close();
  }
}

/** Readline edits the line; its output is discarded. Ctrl-C and Ctrl-D give an empty answer. */
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
