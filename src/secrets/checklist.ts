// What no command can do after secrets were stolen, most important first. Pure.

/** One line per step, unnumbered. */
export const emergencyChecklist: readonly string[] = [
  'Load the new secrets now: until then the stolen ones still work.',
  'Google, the OAuth client (https://console.cloud.google.com/apis/credentials): add a new client secret, enter it as OAUTH2_PROXY_CLIENT_SECRET, load it, then disable and delete the old one.',
  'Google, each operator (https://myaccount.google.com/connections and https://myaccount.google.com/security-checkup): remove connections and devices that nobody knows.',
  'The allow-list (EMAILS_FILE) and OAUTH2_PROXY_EMAIL_DOMAINS: is everyone on it who should be, and nobody else?',
  'ADMIN_EMAILS: only those who are operators today.',
  'The record: what happened since the secrets may have been stolen. Whoever had SECRET_KEY could forge later entries: compare it with a checkpoint that was kept elsewhere.',
  'Redis: restart it with its new password. Where others share it or its REDIS_URL names another password, change that too.',
  'NOTIFY_WEBHOOK_SECRET and NOTIFY_WEBHOOK_URL, CONFLUENCE_API_TOKEN: make new ones where they come from. They stood in the same file.',
  'The vault: its cookies could be read by whoever had the file. Sign out at the services that they are for, and load fresh ones.',
  'Backups: delete the copy of .env that this run made, older copies and images that hold the stolen secrets.',
  'Find out how the secrets were stolen before everyone comes back.',
];

/** For sessions that this run could not reach. The container can reach them, as long as it still runs with the former settings. */
export const endInCompose = 'docker compose exec app node src/main.ts sessions revoke --all --yes';
