// Reads the files in the folder of a deployment: .env, oauth2-proxy.cfg and the Dockerfile; and finds the Compose files.
import { existsSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { parse as parseDotenv } from 'dotenv';
import { ambiguityProblems } from '../../config/ambiguous-lines.ts';
import { misspeltProblems } from '../../config/misspelt.ts';
import type { Problem } from '../../config/setting.ts';
import { faultAdvice } from '../../files/file-fault.ts';
import { fileFaultOf } from '../../files/file-refused.ts';
import { readOrdinaryFile } from '../../files/ordinary-file.ts';
import type { ComposeSource } from './compose-layers.ts';
import type { Texts } from './describe.ts';
import { type FileText, notThere, unsureNames } from './env-file.ts';

interface Place {
  readonly folder: string;
  readonly env: Texts['env'];
  /** Absent: `compose` if there is a Compose file and `.env` sets COMPOSE_PROFILES. */
  readonly runBy?: Texts['runBy'];
}

export function readFolder({ folder, env, runBy }: Place): Texts {
  const text = (name: string) => {
    const found = readText(resolve(folder, name));
    return 'why' in found && found.why === notThere ? undefined : found;
  };
  const { values, unsureNames, problems, why } = readEnvFile(resolve(folder, '.env'));
  // Empty means unset: it must not hide a value of the file.
  const set = Object.entries(env).filter(([, value]) => value?.trim());
  const all = { ...values, ...Object.fromEntries(set) };
  const compose = composeSource(folder, all, why);
  const dockerfile = text('Dockerfile');
  const isCompose = compose !== undefined && Object.hasOwn(values, 'COMPOSE_PROFILES');
  return {
    env: all,
    envProblems: problems,
    envUnread: why === undefined ? undefined : `.env ${why}`,
    unsureNames: unsureNames.filter((name) => !env[name]?.trim()),
    misspelt: misspeltProblems(Object.keys(values)),
    gateFile: text('oauth2-proxy.cfg'),
    compose,
    dockerfile: dockerfile && 'text' in dockerfile ? dockerfile.text : undefined,
    runBy: runBy ?? (isCompose ? 'compose' : 'itself'),
  };
}

const composeNames = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'];
const overrideNames = [
  'compose.override.yml',
  'compose.override.yaml',
  'docker-compose.override.yml',
  'docker-compose.override.yaml',
];

/** The files that Compose reads: those that COMPOSE_FILE names, or else the first default name that exists and its override file. */
function composeSource(
  folder: string,
  env: Texts['env'],
  envUnread: string | undefined,
): ComposeSource | undefined {
  const isThere = (name: string) => existsSync(join(folder, name));
  const separator = env['COMPOSE_PATH_SEPARATOR']?.trim() || delimiter;
  const named = env['COMPOSE_FILE']?.trim().split(separator).filter(Boolean);
  const files =
    named ?? [composeNames.find(isThere), overrideNames.find(isThere)].filter((name) => name !== undefined);
  const [first] = files;
  if (first === undefined || (!named && !composeNames.includes(first))) return undefined;
  // Variables can also come from other places than the `.env` of this folder.
  const elsewhere = ['COMPOSE_ENV_FILES', 'COMPOSE_DISABLE_ENV_FILE'].filter((name) => env[name]?.trim());
  const other = join(dirname(resolve(folder, first)), '.env');
  if (other !== resolve(folder, '.env') && existsSync(other)) elsewhere.push(other);
  const notes = elsewhere.map((at) => ({ at, why: 'variables from somewhere other than .env' }));
  if (envUnread !== undefined) notes.push({ at: '.env', why: envUnread });
  return { files, folder: resolve(folder), read: readText, notes };
}

function readEnvFile(path: string): {
  readonly values: Readonly<Record<string, string>>;
  readonly unsureNames: readonly string[];
  readonly problems: readonly Problem[];
  /** Why it cannot be read. */
  readonly why?: string;
} {
  const found = readText(path);
  if ('text' in found) {
    const text = found.text.replace(/^\uFEFF/, '');
    const problems = ambiguityProblems('.env', found.text);
    return { values: parseDotenv(text), unsureNames: unsureNames(text), problems };
  }
  const { why } = found;
  if (why === notThere) return { values: {}, unsureNames: [], problems: [] };
  return { values: {}, unsureNames: [], problems: [{ name: '.env', message: why }], why };
}

/** Reads a whole text file, or says why it cannot, as the end of a sentence. */
function readText(path: string): FileText {
  try {
    // A byte-order mark is kept: some readers fail on it, and a check must see it.
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    return { text: decoder.decode(readOrdinaryFile({ path })) };
  } catch (error) {
    const fault = fileFaultOf(error);
    if (fault === 'missing' || fault === 'not-a-folder') return { why: notThere };
    if (fault !== undefined) return { why: faultAdvice(fault) };
    if ((error as NodeJS.ErrnoException).code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
      return { why: 'is not UTF-8' };
    throw error;
  }
}
