// The vault as `generate-secrets.ts` finds it. Few imports: every run of the generator asks.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'dotenv';
import { readMachineId } from './vault/machine.ts';
import { createVaultSteps } from './vault/passphrases.ts';
import { vaultFileName } from './vault/vault-file.ts';

/**
 * The vault that the settings of this file lead to, whatever else is wrong with them: a passphrase must never change past it.
 * @returns undefined where there is none
 */
export async function vaultOf(envFile: string): Promise<ReturnType<typeof createVaultSteps> | undefined> {
  const values = { ...readValues(envFile), ...setOnly(process.env) };
  const path = join(resolve(dirname(envFile), values['DATA_DIR'] ?? 'data'), vaultFileName);
  if (!existsSync(path)) return undefined;
  const bindMachine = !/^(false|0|no|off)$/i.test(values['VAULT_BIND_MACHINE'] ?? '');
  return createVaultSteps({ path, bindMachine, machineId: readMachineId, now: Date.now });
}

function readValues(envFile: string): Record<string, string> {
  return existsSync(envFile) ? setOnly(parse(readFileSync(envFile, 'utf8'))) : {};
}

function setOnly(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, text]) => (text?.trim() ? [[name, text.trim()] as const] : [])),
  );
}
