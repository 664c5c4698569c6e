// The options of `node generate-secrets.ts`, parsed strictly: anything unknown is refused, nothing is guessed.
import { parseArgs } from 'node:util';
import { type RotateWord, rotateWords } from './kinds.ts';
import { isExample } from './paths.ts';

export interface GeneratorOptions {
  readonly envPath: string;
  readonly rotate: ReadonlySet<RotateWord>;
  readonly prune: boolean;
  readonly emergency: boolean;
  readonly vaultByHand: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly yes: boolean;
}

export type Options =
  | { readonly task: 'generate'; readonly options: GeneratorOptions }
  | { readonly task: 'print'; readonly json: boolean }
  | { readonly task: 'help' }
  /** `wrong`: one line for the user. */
  | { readonly task: 'refuse'; readonly wrong: string };

export const help = `node generate-secrets.ts: creates .env from .env.example, or adds the secrets that are missing in it.
Existing secrets are replaced only with --rotate.

  --rotate WHAT   replace secrets; for several: --rotate session,gate
                    session  signs the app's cookies: nobody is signed out
                    gate     proves that a request came through oauth2-proxy: nobody is signed out
                    oauth2   oauth2-proxy's cookie: everyone signs in to Google again
                    vault    opens the vault: nobody is signed out
                    redis    Redis's password: people who are active while Redis restarts sign in again
                    all      all of them
  --prune         remove former secrets that are no longer needed, and show from when the others can be removed
  --emergency     with --rotate all: the secrets were stolen. None of them is accepted any more, everyone is
                  signed out, the vault is encrypted again; ends with what is left to do at Google
  --vault-by-hand with --rotate vault under Compose: replace the passphrase only in .env. You add it to the
                  vault in its volume before the new secrets are loaded; the commands are shown at the end
  --dry-run       show what would happen, write nothing
  --print         print new secrets as NAME=value lines, touch no file
  --json          report as JSON
  --yes           do not ask; needed for --rotate and --prune if there is no terminal
  --env FILE      use a file other than .env
  --help          this text

The previous file is kept next to it as .env.backup-DATE; the copy of the run before is removed.
Exit code: 0 done, 1 refused or something is left for you to do, 2 an option is wrong.`;

const known = {
  rotate: { type: 'string', multiple: true },
  prune: { type: 'boolean' },
  emergency: { type: 'boolean' },
  'vault-by-hand': { type: 'boolean' },
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
  const { prune = false, emergency = false } = parsed;
  const dryRun = parsed['dry-run'] ?? false;
  const vaultByHand = parsed['vault-by-hand'] ?? false;
  if (parsed.help) return { task: 'help' };
  if (
    print &&
    (dryRun || rotate.length > 0 || prune || emergency || vaultByHand || parsed.env !== undefined)
  ) {
    return { task: 'refuse', wrong: '--print touches no file: it can only be combined with --json' };
  }
  if (print) return { task: 'print', json };
  if (env === '') return { task: 'refuse', wrong: '--env needs the name of a file' };
  if (isExample(env)) {
    return { task: 'refuse', wrong: '.env.example is shared with everyone: it must not contain secrets' };
  }
  const words = rotate
    .flatMap((text) => text.split(','))
    .flatMap((word) => (word === 'all' ? rotateWords : [word]));
  const chosen = words.filter((word): word is RotateWord => rotateWords.some((name) => name === word));
  if (chosen.length < words.length) {
    return { task: 'refuse', wrong: `--rotate takes ${rotateWords.join(', ')} or all` };
  }
  if (emergency && rotateWords.some((word) => !chosen.includes(word))) {
    return { task: 'refuse', wrong: '--emergency replaces everything: it needs --rotate all' };
  }
  if (emergency && prune) {
    return { task: 'refuse', wrong: '--emergency keeps no former secret: there is nothing to --prune' };
  }
  if (vaultByHand && !chosen.includes('vault')) {
    return {
      task: 'refuse',
      wrong: '--vault-by-hand is for a new passphrase: it needs --rotate vault',
    };
  }
  const flags = { prune, emergency, vaultByHand, dryRun, json, yes };
  const options = { envPath: env, rotate: new Set(chosen), ...flags };
  return { task: 'generate', options };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: known, strict: true, allowPositionals: false }).values;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!code?.startsWith('ERR_PARSE_ARGS_')) throw error;
    // Do not repeat an argument that is not an option: it may be a secret.
    if (code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL') return 'it takes options only';
    return message.split(/[.\n]/)[0] ?? message;
  }
}
