// `gatehouse vault`: the vault without a browser. Passphrases and cookies are read from a file, standard input or a question without an
// echo, never from an argument: `ps` shows arguments to everyone.
import { parseArgs } from 'node:util';
import { type Command, using, type Wrong } from './terminal.ts';
import type { VaultParts, VaultTask } from './vault-run.ts';

const help = `gatehouse vault status [--json]
gatehouse vault load [-] [--url URL] [--owner NAME]
gatehouse vault clear --host HOST | --owner NAME | --all --yes
gatehouse vault rekey [--drop-old | --data-key [--accept-restored]]
gatehouse vault import-legacy [FILE] [--salt FILE] [--computer NAME] [--user NAME] [--url URL] [--owner NAME]

  status         shows which cookies are stored, how old they are and how long they last; never a value
  load           moves the cookies in CONFLUENCE_COOKIE_FILE to the vault; creates the file
                 if there is none. "-" reads standard input
  clear          removes cookies from the vault
  rekey          asks twice for a new passphrase; then the old and the new one open the vault, until --drop-old.
                 The passphrase itself is in .env: \`node generate-secrets.ts --rotate vault\` does
                 everything at once. --data-key: a new data key, everything encrypted again
  import-legacy  imports secure_cookies.enc and .salt of the Python pipeline; both stay as they are

Cookies belong to "terminal" and to the host of CONFLUENCE_URL unless --owner or --url says otherwise.`;

/** Exit code 1: it could not be done. */
export const vaultCommand: Command<VaultTask, VaultParts> = {
  name: 'vault',
  help,
  read: readVault,
  async parts() {
    const { configuration } = await import('./settings.ts');
    return (await import('./vault-open.ts')).vaultParts(configuration());
  },
  async run(task, parts, say) {
    const url = 'url' in task ? (task.url ?? parts.url) : undefined;
    if ('url' in task && !(url && URL.canParse(url) && /^https?:/.test(url))) {
      say.fault(
        'it is unclear which service the cookies are for; set CONFLUENCE_URL, or use --url; see `gatehouse vault --help`',
      );
      return 2;
    }
    return using(await parts.open(), async ({ vault, recorder }) => {
      const { carryOut } = await import('./vault-run.ts');
      const said = await carryOut(task, vault, recorder, parts);
      if ('json' in said) say.json(said.json);
      else for (const line of said.lines) (said.ok ? say.line : say.note)(line);
      return said.ok ? 0 : 1;
    });
  },
};

const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;
const place = { url: text, owner: { type: 'string', default: 'terminal' } } as const;

function readVault(args: readonly string[]): VaultTask | Wrong {
  const [task, ...rest] = args;
  switch (task ?? '') {
    case 'status': {
      const { values } = parseArgs({ args: rest, options: { json: flag } });
      return { task: 'status', json: values.json };
    }
    case 'load':
      return readLoad(rest);
    case 'clear':
      return readClear(rest);
    case 'rekey':
      return readRekey(rest);
    case 'import-legacy':
      return readImport(rest);
    default:
      return { wrong: 'say status, load, clear, rekey or import-legacy' };
  }
}

function readLoad(args: string[]): VaultTask | Wrong {
  const { values, positionals } = parseArgs({ args, options: place, allowPositionals: true });
  if (positionals.length > 1 || (positionals[0] ?? '-') !== '-')
    return {
      wrong: 'load takes "-" for standard input, or no argument; CONFLUENCE_COOKIE_FILE names the file',
    };
  return { task: 'load', fromInput: positionals.length === 1, url: values.url, owner: values.owner };
}

function readClear(args: string[]): VaultTask | Wrong {
  const options = { host: text, owner: text, all: flag, yes: flag };
  const { host, owner, all, yes } = parseArgs({ args, options }).values;
  const isNamed = host !== undefined || owner !== undefined;
  if (isNamed === all) return { wrong: 'use --host, --owner or both; or --all' };
  if (all && !yes) return { wrong: '--all removes every cookie; use --all --yes' };
  return {
    task: 'clear',
    which: { ...(host !== undefined && { host: host.toLowerCase() }), ...(owner !== undefined && { owner }) },
  };
}

function readRekey(args: string[]): VaultTask | Wrong {
  const options = { 'data-key': flag, 'drop-old': flag, 'accept-restored': flag };
  const { values } = parseArgs({ args, options });
  const [dataKey, dropOld, acceptRestored] = [
    values['data-key'],
    values['drop-old'],
    values['accept-restored'],
  ];
  if (dataKey && dropOld) return { wrong: 'use either --data-key or --drop-old' };
  if (acceptRestored && !dataKey) return { wrong: '--accept-restored needs --data-key' };
  if (dataKey) return { task: 'rekey', what: 'data_key', acceptRestored };
  return { task: 'rekey', what: dropOld ? 'drop_old' : 'passphrase' };
}

function readImport(args: string[]): VaultTask | Wrong {
  const options = { ...place, salt: text, computer: text, user: text };
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  if (positionals.length > 1) return { wrong: 'import-legacy takes one file' };
  const { salt, computer, user, url, owner } = values;
  const [path = 'secure_cookies.enc'] = positionals;
  return { task: 'import-legacy', path, salt, computer, user, url, owner };
}
