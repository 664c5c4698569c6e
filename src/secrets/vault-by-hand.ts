// How to give a vault in a container's volume a new passphrase: a run on this machine cannot reach it there. Pure.
import type { RotateWord } from './kinds.ts';

/** The commands, in order, once `.env` holds the new passphrase. */
export function vaultCommands(emergency: boolean): readonly string[] {
  const vault = 'docker compose exec app node src/main.ts vault rekey';
  return [
    `${vault}   (type the new VAULT_PASSPHRASE of .env, twice)`,
    'docker compose up -d --wait',
    `${vault} ${emergency ? '--data-key' : '--drop-old'}`,
  ];
}

/** Why nothing was changed, and what to run instead. */
export function vaultElsewhereLines(
  path: string,
  { rotate, prune }: { readonly rotate: ReadonlySet<RotateWord>; readonly prune: boolean },
): readonly string[] {
  const others = [...rotate].filter((word) => word !== 'vault');
  return [
    `${path}: with Compose the vault is in the app’s volume, where this run cannot change it; nothing was changed. Run these commands instead, in this order:`,
    `  node generate-secrets.ts --rotate ${[...rotate].join(',')}${prune ? ' --prune' : ''} --vault-by-hand`,
    ...vaultCommands(false).map((line) => `  ${line}`),
    ...(others.length > 0 ? [`Or leave the vault as it is: --rotate ${others.join(',')}`] : []),
    'If the vault was never used, the first command is enough; load the new secrets as usual.',
  ];
}
