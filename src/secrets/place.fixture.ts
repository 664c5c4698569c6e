// A separate folder for each case, and the command in it, with a fake terminal.
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { parse } from 'dotenv';
import { generateSecrets, type Terminal } from './command.ts';
import type { VaultSteps } from './vault-change.ts';

export const root = fs.mkdtempSync(join(tmpdir(), 'gatehouse-secrets-'));
after(() => fs.rmSync(root, { recursive: true }));

interface Trial {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly asked: readonly string[];
}

interface Answers extends Partial<Pick<Terminal, 'countPeople' | 'endEverything'>> {
  readonly vault?: VaultSteps;
  readonly answer?: boolean;
  /** Runs while the question is open. */
  readonly meanwhile?: () => void;
  readonly at?: number;
}

/** With `.env` if `text` is given. */
export function place(text?: string | Uint8Array, mode = 0o600) {
  const folder = fs.mkdtempSync(join(root, 'case-'));
  const env = join(folder, '.env');
  if (text !== undefined) fs.writeFileSync(env, text, { mode });
  const run = async (args: readonly string[], answers: Answers = {}): Promise<Trial> => {
    const { answer, meanwhile, vault, at = Date.UTC(2026, 10, 23, 15, 4, 5), ...house } = answers;
    const out: string[] = [];
    const err: string[] = [];
    const asked: string[] = [];
    const ask = (question: string) => {
      asked.push(question);
      meanwhile?.();
      return Promise.resolve(answer ?? false);
    };
    const code = await generateSecrets(args, {
      cwd: folder,
      isInteractive: answer !== undefined,
      ask,
      out: (line) => out.push(line),
      err: (line) => err.push(line),
      now: () => at,
      bytes: randomBytes,
      lockWaitMs: 50,
      vaultOf: async () => vault,
      ...house,
    });
    return { code, out: out.join('\n'), err: err.join('\n'), asked };
  };
  const read = () => fs.readFileSync(env, 'utf8');
  const names = () => fs.readdirSync(folder).sort();
  return { folder, env, run, read, values: () => parse(read()), names };
}

export const modeOf = (path: string) => (fs.statSync(path).mode & 0o777).toString(8);
