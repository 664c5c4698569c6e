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

  status         which cookies are sealed, how old they are and how long they last; never a value
  load           seals what is in CONFLUENCE_COOKIE_FILE and empties the file of it; makes the file
                 where there is none. With "-": what comes on standard input
  clear          removes cookies from the vault
  rekey          asks for a new passphrase, twice; then both open the vault, until --drop-old.
                 The passphrase itself lives in .env: \`node generate-secrets.ts --rotate vault\` does
                 all of it at once. --data-key: a new key below the passphrase, all sealed anew
  import-legacy  takes over secure_cookies.enc and .salt of the Python pipeline; both stay as they are

Cookies belong to "terminal" unless --owner says otherwise, and to the host of CONFLUENCE_URL unless --url does.`;

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
        'the service is not known; set CONFLUENCE_URL, or name it with --url; see `gatehouse vault --help`',
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
    return { wrong: 'load takes "-" for standard input, or nothing; CONFLUENCE_COOKIE_FILE names the file' };
  return { task: 'load', fromInput: positionals.length === 1, url: values.url, owner: values.owner };
}

function readClear(args: string[]): VaultTask | Wrong {
  const options = { host: text, owner: text, all: flag, yes: flag };
  const { host, owner, all, yes } = parseArgs({ args, options }).values;
  const isNamed = host !== undefined || owner !== undefined;
  if (isNamed === all) return { wrong: 'say --host, --owner or both; or --all' };
  if (all && !yes) return { wrong: '--all removes every cookie; say --all --yes' };
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
  if (dataKey && dropOld) return { wrong: 'one at a time: --data-key or --drop-old' };
  if (acceptRestored && !dataKey) return { wrong: '--accept-restored goes with --data-key' };
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
