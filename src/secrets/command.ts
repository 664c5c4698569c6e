// `node generate-secrets.ts`: parses options and prints the messages of one run. Prints a secret only with --print.
import { resolve } from 'node:path';
import { generate } from './generate.ts';
import { makeSecret, type RandomBytes, secretKinds } from './kinds.ts';
import { type GeneratorOptions, help, readOptions } from './options.ts';
import { type Ended, exitCodeOf, isReal, type Step } from './report.ts';
import { stepLines } from './step-words.ts';
import type { VaultSteps } from './vault-change.ts';
import { reportJson, reportLines } from './words.ts';

export interface Terminal {
  readonly cwd: string;
  /** Whether there is a person to ask. */
  readonly isInteractive: boolean;
  /** false unless the answer is a clear yes. */
  ask(question: string): Promise<boolean>;
  out(line: string): void;
  err(line: string): void;
  /** Milliseconds. */
  now(): number;
  readonly bytes: RandomBytes;
  /** How long to wait for another generator. */
  readonly lockWaitMs: number;
  /** The vault that this file's settings refer to; `elsewhere`: it is in a container's volume; undefined: there is none. */
  readonly vaultOf?: (envFile: string) => Promise<VaultSteps | 'elsewhere' | undefined>;
  /** How many people are signed in, according to that file's settings; undefined if that cannot be determined. */
  countPeople?(envFile: string): Promise<number | undefined>;
  /** Ends every session, here and at the gate, with that file's settings as they are now. */
  endEverything?(envFile: string): Promise<Ended>;
}

/** Runs the command. @returns its exit code: 0 done, 1 refused or something is left to fix, 2 an option is wrong */
export async function generateSecrets(args: readonly string[], terminal: Terminal): Promise<0 | 1 | 2> {
  const read = readOptions(args);
  switch (read.task) {
    case 'refuse':
      terminal.err(`generate-secrets: ${read.wrong}; see --help`);
      return 2;
    case 'help':
      terminal.out(help);
      return 0;
    case 'print':
      printFresh(read.json, terminal);
      return 0;
    case 'generate':
      return generateInFile(read.options, terminal);
  }
}

function printFresh(json: boolean, { bytes, out }: Terminal): void {
  const fresh = secretKinds.map((kind) => [kind.name, makeSecret(kind, bytes)] as const);
  if (json) out(JSON.stringify(Object.fromEntries(fresh), null, 2));
  else for (const [name, secret] of fresh) out(`${name}=${secret}`);
}

async function generateInFile(options: GeneratorOptions, terminal: Terminal): Promise<0 | 1 | 2> {
  const { isInteractive, out, err } = terminal;
  const { rotate, prune, emergency, vaultByHand, dryRun, json, yes } = options;
  if ((rotate.size > 0 || prune) && !dryRun && !yes && !isInteractive) {
    err(`generate-secrets: --${prune ? 'prune' : 'rotate'} needs --yes if there is no terminal to ask in`);
    return 2;
  }
  const path = resolve(terminal.cwd, options.envPath);
  let shown = false;
  const confirm = async (
    steps: readonly Step[],
    outcome: 'would-create' | 'would-change',
    people: number | undefined,
  ) => {
    if (yes || !isInteractive) return true;
    const lines = steps.flatMap((step) => stepLines(step, { isReal: true, prune, people }));
    for (const line of lines) (json ? err : out)(line);
    shown = true;
    const question = `${outcome === 'would-create' ? 'Make' : 'Change'} ${path}`;
    return terminal.ask(`${question}${emergency ? ' and sign everyone out' : ''}? [y/N] `);
  };
  const vault = await terminal.vaultOf?.(path);
  const chosen = { rotate, prune, emergency, vaultByHand, dryRun };
  const result = await generate({ ...terminal, path, vault, ...chosen, confirm });
  if ('wrong' in result) {
    for (const line of result.wrong) err(line);
    if (json) out(JSON.stringify({ outcome: 'refused', file: path, wrong: result.wrong }, null, 2));
    return 1;
  }
  if (json) out(reportJson(result));
  else {
    const { first, last } = reportLines(result);
    const words = { isReal: isReal(result), prune, people: result.people };
    const steps = shown ? [] : result.steps.flatMap((step) => stepLines(step, words));
    for (const line of [first, ...steps, ...last]) out(line);
  }
  return exitCodeOf(result);
}
