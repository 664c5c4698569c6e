// The vault as `generate-secrets.ts` finds it. Few imports, because every run of the generator loads this.
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'dotenv';
import { readEnvFile } from '../secrets/disk.ts';
import { readMachineId } from '../vault/machine.ts';
import { createVaultSteps } from '../vault/passphrases.ts';
import { vaultFileName } from '../vault/vault-file.ts';

const composeFiles = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml'];

/**
 * The vault that the settings in this file lead to, whatever else is wrong with them: a passphrase must never change without the vault.
 * @returns `elsewhere` if Compose runs the app and keeps its vault in a volume; undefined if there is none
 */
export async function vaultOf(
  envFile: string,
): Promise<ReturnType<typeof createVaultSteps> | 'elsewhere' | undefined> {
  const inFile = readValues(envFile);
  const values = { ...setOnly(inFile), ...setOnly(process.env) };
  const folder = dirname(envFile);
  const path = join(resolve(folder, values['DATA_DIR'] ?? 'data'), vaultFileName);
  if (!existsSync(path)) return isForCompose(folder, inFile) ? 'elsewhere' : undefined;
  const bindMachine = !/^(false|0|no|off)$/i.test(values['VAULT_BIND_MACHINE'] ?? '');
  return createVaultSteps({ path, bindMachine, machineId: readMachineId, now: Date.now });
}

/** An empty `COMPOSE_PROFILES` is a choice too: without Redis. */
function isForCompose(folder: string, values: Readonly<Record<string, string>>): boolean {
  const isSet = Object.hasOwn(values, 'COMPOSE_PROFILES') || Object.hasOwn(values, 'COMPOSE_FILE');
  return isSet && composeFiles.some((name) => existsSync(join(folder, name)));
}

/** Empty if the file cannot be parsed: the caller that edits it reports why. */
function readValues(envFile: string): Record<string, string> {
  const read = readEnvFile(envFile);
  return 'file' in read && read.file ? parse(read.file.text.replace(/^\uFEFF/, '')) : {};
}

function setOnly(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, text]) => (text?.trim() ? [[name, text.trim()] as const] : [])),
  );
}
