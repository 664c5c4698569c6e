// How `gatehouse doctor` asks the guard what the front passed on to it: a question that only a holder of SECRET_KEY can ask, and an answer
// that only one can give. Neither contains a key or a cookie.
import { createHash } from 'node:crypto';
import type { Keyring } from '../crypto/keyring.ts';

export const probePath = '/.gatehouse/probe';

/** What arrived at the guard with the question. */
export interface ProbeFacts {
  readonly nonce: string;
  /** How many lines carry a key, however the name is spelt. */
  readonly keys: number;
  /** The app whose key the front presents; undefined: there is none, more than one, or nobody's. */
  readonly keyOf?: string;
  /** The values of each `X-Forwarded-*` that the guard reads, as they arrived. */
  readonly method: readonly string[];
  readonly uri: readonly string[];
  readonly host: readonly string[];
  readonly address: readonly string[];
  /** A digest of the apps file in force. */
  readonly rules: string;
}

const purpose = 'guard probe';
/** The clocks of the two machines may differ. */
const validMs = 300_000;
const questionForm = /^(\d{13,15})\.([\w-]{16,43})\.([\w-]{43})$/;
const answerForm = /^([\w-]{43})\.([\w-]+)$/;

/** The path and query of a question. @param nonce 16 to 43 characters of base64url */
export function probeQuestion(keyring: Pick<Keyring, 'mac'>, nonce: string, now: number): string {
  const asked = `${now}.${nonce}`;
  return `${probePath}?q=${asked}.${keyring.mac(purpose, `question\n${asked}`)}`;
}

/** The nonce of a question that a holder of a listed SECRET_KEY asked a moment ago; otherwise undefined. */
export function readProbeQuestion(
  keyring: Pick<Keyring, 'verify'>,
  question: string,
  now: number,
): string | undefined {
  const [, at = '', nonce = '', mac = ''] = questionForm.exec(question) ?? [];
  if (Math.abs(now - Number(at)) >= validMs) return undefined;
  return keyring.verify(purpose, `question\n${at}.${nonce}`, mac) === undefined ? undefined : nonce;
}

export function probeAnswer(keyring: Pick<Keyring, 'mac'>, facts: ProbeFacts): string {
  const text = Buffer.from(JSON.stringify(facts)).toString('base64url');
  return `${keyring.mac(purpose, `answer\n${text}`)}.${text}`;
}

/** undefined: not an answer of a guard with the same SECRET_KEY to this question. */
export function readProbeAnswer(
  keyring: Pick<Keyring, 'verify'>,
  answer: string,
  nonce: string,
): ProbeFacts | undefined {
  const [, mac = '', text = ''] = answerForm.exec(answer.trim()) ?? [];
  if (keyring.verify(purpose, `answer\n${text}`, mac) === undefined) return undefined;
  const facts = JSON.parse(Buffer.from(text, 'base64url').toString()) as ProbeFacts;
  return facts.nonce === nonce ? facts : undefined;
}

/** The same for the same rules, on whichever machine. */
export function rulesDigest(apps: object): string {
  return createHash('sha256').update(JSON.stringify(apps, plain)).digest('base64url').slice(0, 22);
}

function plain(_name: string, value: unknown): unknown {
  if (value instanceof Map) return [...value].sort(byName);
  return value instanceof Set ? [...value].sort() : value;
}

const byName = ([a]: [unknown, unknown], [b]: [unknown, unknown]) => (String(a) < String(b) ? -1 : 1);
