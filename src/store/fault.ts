// Why a store operation failed, in fixed words: the original message could quote a key, a value or an address.
import { faultWords, mendWords } from '../files/file-fault.ts';
import { FileRefused, fileFaultOf } from '../files/file-refused.ts';
import { networkWords, redisSentences, redisWords, sqliteNames, type Words } from './fault-words.ts';

export interface Fault {
  /** The first word of Redis's reply, SQLite's name for its code, or the system's code: `NOPERM`, `SQLITE_FULL`, `EACCES`. */
  readonly code: string;
  /** The Redis command that was refused, in capitals; absent if not known. */
  readonly command?: string;
  readonly meaning: string;
  readonly mend: string;
}

interface Faulty {
  readonly message?: unknown;
  readonly code?: unknown;
  readonly errcode?: unknown;
  readonly command?: { readonly name?: unknown };
  readonly cause?: unknown;
  readonly lastNodeError?: unknown;
  readonly previousErrors?: unknown;
  readonly fault?: unknown;
}

const chainAtMost = 8;
/** These say only that there was no answer; the underlying error says why. */
const vague = new Set(['closed', 'timeout', 'CLUSTER', 'SENTINEL']);

/** Whether the fault says more than that there was no answer. */
export function isExact(fault: Fault | undefined): boolean {
  return fault !== undefined && !vague.has(fault.code);
}

/** The fault behind an error or one of its causes; undefined if it is not a store error. */
export function faultOf(error: unknown): Fault | undefined {
  const faults = chainOf(error).flatMap((one) => oneFault(one) ?? []);
  return faults.find(isExact) ?? faults[0];
}

function chainOf(error: unknown): readonly Faulty[] {
  const chain: Faulty[] = [];
  for (let rest = [error]; rest.length > 0 && chain.length < chainAtMost; ) {
    const [one, ...others] = rest;
    rest = others;
    if (typeof one !== 'object' || one === null || chain.includes(one)) continue;
    const { cause, lastNodeError, previousErrors } = one as Faulty;
    chain.push(one);
    rest.push(cause, lastNodeError, ...(Array.isArray(previousErrors) ? previousErrors : []));
  }
  return chain;
}

function oneFault(error: Faulty): Fault | undefined {
  if (isFault(error.fault)) return error.fault;
  const code = typeof error.code === 'string' ? error.code : '';
  const message = typeof error.message === 'string' ? error.message : '';
  const ofFile = fileFault(error);
  if (ofFile) return ofFile;
  const system = networkWords[code];
  if (system) return { code, ...wordsOf(system) };
  const sentence = redisSentences.find(([pattern]) => pattern.test(message));
  const [word = ''] = /^[A-Z]{3,}\b/.exec(message) ?? [];
  const words = sentence?.[2] ?? redisWords[word];
  if (words) return { code: sentence?.[1] ?? word, ...commandOf(error), ...wordsOf(words) };
  if (word !== 'ERR') return undefined;
  return {
    code: word,
    ...commandOf(error),
    ...wordsOf(['Redis refused a command', 'check the log of Redis']),
  };
}

/** Described with the words for files, starting with the file's name if the error has one. */
function fileFault(error: Faulty): Fault | undefined {
  const fault = fileFaultOf(error);
  if (fault === undefined) return undefined;
  const isNamed = error instanceof FileRefused;
  // The cause is handled separately.
  if (!isNamed && fault === fileFaultOf(error.cause)) return undefined;
  const { code, errcode } = (isNamed ? (error.cause ?? {}) : error) as Faulty;
  const ofSystem = typeof code === 'string' ? code : fault;
  const name = typeof errcode === 'number' ? (sqliteNames[errcode & 0xff] ?? 'SQLITE_ERROR') : ofSystem;
  const what = isNamed ? error.file.path : 'the file';
  return { code: name, meaning: `${what} ${faultWords(fault)}`, mend: mendWords(fault) };
}

const wordsOf = ([meaning, mend]: Words) => ({ meaning, mend });

/** Only names from the client's own list of commands, never one that a user sent. */
function commandOf({ command }: Faulty): { command?: string } {
  const name = command?.name;
  return typeof name === 'string' && /^[a-z]{2,20}$/i.test(name) ? { command: name.toUpperCase() } : {};
}

function isFault(value: unknown): value is Fault {
  return typeof value === 'object' && value !== null && 'code' in value && 'mend' in value;
}
