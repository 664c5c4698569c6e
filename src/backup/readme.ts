// The text for anyone who opens a backup by hand.

export function readmeOf(madeAt: Date, address: string, names: readonly string[]): string {
  const has = (name: string, line: string) => (names.some((one) => one.startsWith(name)) ? [line] : []);
  return `${[
    `A backup of Gatehouse for ${address}, made ${madeAt.toISOString()}.`,
    '',
    'To put it back: gatehouse restore FILE (docs/operate.md). It needs the .env that belongs to it.',
    'By hand: tar -xzf FILE; sha256sum of each file is in manifest.json.',
    '',
    '  gatehouse.db      sessions, people, notes and the record (sqlite3 gatehouse.db); addresses in plain text, no cookie of use',
    ...has(
      'library.db',
      '  library.db        pages that were fetched from Confluence, and library/ their attachments',
    ),
    ...has('vault.json', '  vault.json        cookies for other services, sealed with VAULT_PASSPHRASE'),
    ...has('endings', '  endings.*         endings that the record or the store had not taken yet'),
    ...has('emails.txt', '  emails.txt        who may sign in (EMAILS_FILE)'),
    ...has('record.log', '  record.log        the record as lines of JSON (AUDIT_LOG_FILE)'),
    ...has('env.sealed', '  env.sealed.json   .env, sealed with the passphrase of the day of the backup'),
    '',
    'Not in it: .env unless it was sealed into it, TLS keys, and sessions that oauth2-proxy keeps itself.',
  ].join('\n')}\n`;
}
