// Works out what a run would write before anything is changed. Nothing here writes.
import { existsSync, readFileSync } from 'node:fs';
import { envExample } from '../config/documents.ts';
import { dayOf } from './dates.ts';
import { type OnDisk, readEnvFile } from './disk.ts';
import { editEnv, parseEnv } from './env-file.ts';
import type { RandomBytes, RotateWord } from './kinds.ts';
import { exampleBeside } from './paths.ts';
import { planSecrets } from './plan.ts';
import type { Step } from './report.ts';
import { vaultElsewhereLines } from './vault-by-hand.ts';
import { planVaultChange, type VaultChange, type VaultSteps } from './vault-change.ts';
import { closedVaultLine, dayToComeLine, editFaultLine, readFaultLine } from './words.ts';

/** One line for each problem; nothing was changed. */
export interface Refusal {
  readonly wrong: readonly string[];
}

export interface DraftOptions {
  readonly path: string;
  readonly rotate: ReadonlySet<RotateWord>;
  readonly prune: boolean;
  readonly emergency: boolean;
  /** `elsewhere`: in a container's volume, out of reach. undefined: there is no vault. */
  readonly vault?: VaultSteps | 'elsewhere' | undefined;
  /** The operator gives a vault that is elsewhere the new passphrase by hand. */
  readonly vaultByHand: boolean;
  /** Milliseconds. */
  now(): number;
  readonly bytes: RandomBytes;
}

export interface Draft {
  /** The file as it is now. */
  readonly file: OnDisk | undefined;
  readonly steps: readonly Step[];
  /** The text to write. */
  readonly text: string;
  readonly recordKeysLost: number;
  /** undefined: the vault needs no new passphrase. */
  readonly vaultChange: VaultChange | undefined;
}

export async function prepare(options: DraftOptions): Promise<Draft | Refusal> {
  const { path, emergency, vault, now } = options;
  const read = readEnvFile(path);
  if ('fault' in read) return { wrong: [readFaultLine(path, read.fault)] };
  const { file } = read;
  const example = exampleBeside(path);
  const fromFile = !file && existsSync(example);
  const base = file?.text ?? (fromFile ? readFileSync(example, 'utf8') : envExample());
  const values = parseEnv(base);
  const plan = planSecrets({ ...options, values, inUse: file !== undefined, today: dayOf(now()) });
  if ('heldElsewhere' in plan) {
    return {
      wrong: plan.heldElsewhere.map((name) => `${name} is set: change the secret in that file`),
    };
  }
  if ('dayToCome' in plan) return { wrong: [dayToComeLine(path, plan.dayToCome)] };
  const isVaultRotated = plan.steps.some(({ kind, action }) => kind.word === 'vault' && action === 'rotated');
  // In an emergency, do not wait for the vault: the secrets are stolen already.
  if (vault === 'elsewhere' && isVaultRotated && !options.vaultByHand && !emergency) {
    return { wrong: vaultElsewhereLines(path, options) };
  }
  const edited = editEnv(base, plan.edits);
  if ('faults' in edited) {
    return { wrong: edited.faults.map((fault) => editFaultLine(fromFile ? example : path, fault)) };
  }
  const next = newPassphrase(plan.steps);
  const former = file ? passphraseIn(values) : '';
  const vaultChange =
    next === undefined ? undefined : await planVaultChange(reachable(vault), { former, next, emergency });
  if (vaultChange === 'closed') return { wrong: [closedVaultLine(path, former === '')] };
  return { file, text: edited.text, vaultChange, steps: plan.steps, recordKeysLost: plan.recordKeysLost };
}

export function reachable(vault: DraftOptions['vault']): VaultSteps | undefined {
  return vault === 'elsewhere' ? undefined : vault;
}

/** The passphrase in the file itself; empty if it has none. */
export function passphraseIn(values: Readonly<Record<string, string>>): string {
  return values['VAULT_PASSPHRASE_FILE']?.trim() ? '' : (values['VAULT_PASSPHRASE']?.trim() ?? '');
}

function newPassphrase(steps: readonly Step[]): string | undefined {
  const step = steps.find(({ kind }) => kind.word === 'vault');
  return step?.action === 'made' || step?.action === 'rotated' ? step.secret : undefined;
}
