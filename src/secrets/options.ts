// The options of `node generate-secrets.ts`, read strictly: what is not understood is refused, nothing is guessed.
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { type RotateWord, rotateWords } from './kinds.ts';

export interface GeneratorOptions {
  readonly envPath: string;
  readonly rotate: ReadonlySet<RotateWord>;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly yes: boolean;
}

export type Options =
  | { readonly task: 'generate'; readonly options: GeneratorOptions }
  | { readonly task: 'print'; readonly json: boolean }
  | { readonly task: 'help' }
  /** `wrong`: one line for the person who typed it. */
  | { readonly task: 'refuse'; readonly wrong: string };

export const help = `node generate-secrets.ts: makes .env from .env.example, or fills in the secrets that are missing there.
A secret that stands there already is replaced only with --rotate.

  --rotate WHAT   replace session, gate, oauth2, redis or all; several: --rotate session,gate
  --dry-run       say what would happen, write nothing
  --print         print fresh secrets as NAME=value lines, touch no file
  --json          report as JSON
  --yes           do not ask; needed for --rotate where there is no terminal
  --env FILE      another file than .env
  --help          this text

Exit code: 0 done, 1 refused or a secret is left unfit, 2 an option is wrong.`;

const known = {
  rotate: { type: 'string', multiple: true },
  'dry-run': { type: 'boolean' },
  print: { type: 'boolean' },
  json: { type: 'boolean' },
  yes: { type: 'boolean' },
  env: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** @param args without node and the script's name */
export function readOptions(args: readonly string[]): Options {
  const parsed = parse(args);
  if (typeof parsed === 'string') return { task: 'refuse', wrong: parsed };
  const { rotate = [], print = false, json = false, yes = false, env = '.env' } = parsed;
  const dryRun = parsed['dry-run'] ?? false;
  if (parsed.help) return { task: 'help' };
  if (print && (dryRun || rotate.length > 0 || parsed.env !== undefined)) {
    return { task: 'refuse', wrong: '--print touches no file: it goes with --json only' };
  }
  if (print) return { task: 'print', json };
  if (env === '') return { task: 'refuse', wrong: '--env needs the name of a file' };
  if (basename(env) === '.env.example') {
    return { task: 'refuse', wrong: '.env.example is shared with everyone: no secrets belong in it' };
  }
  const words = rotate
    .flatMap((text) => text.split(','))
    .flatMap((word) => (word === 'all' ? rotateWords : [word]));
  const chosen = words.filter((word): word is RotateWord => rotateWords.some((name) => name === word));
  if (chosen.length < words.length) {
    return { task: 'refuse', wrong: `--rotate takes ${rotateWords.join(', ')} or all` };
  }
  return { task: 'generate', options: { envPath: env, rotate: new Set(chosen), dryRun, json, yes } };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: known, strict: true, allowPositionals: false }).values;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!code?.startsWith('ERR_PARSE_ARGS_')) throw error;
    // Without what was typed where it is no option: it can be a secret.
    if (code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL') return 'there is nothing to say without an option';
    return message.split(/[.\n]/)[0] ?? message;
  }
}
