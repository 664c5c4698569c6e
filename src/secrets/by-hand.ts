// What no generator can know: the lines that a person still has to fill in after .env is created. Pure.

/** @param values the contents of the new file; @returns a line for each thing left to do, without any secret. */
export function leftToDo(values: Readonly<Record<string, string>>): string[] {
  const origin = originOf(values);
  const client = ['OAUTH2_PROXY_CLIENT_ID', 'OAUTH2_PROXY_CLIENT_SECRET'].filter((name) => !values[name]);
  return [
    `PUBLIC_URL: the address that browsers use, now ${origin}`,
    client.length > 0 &&
      `${client.join(' and ')}: from https://console.cloud.google.com/apis/credentials (OAuth client ID, web application)`,
    `redirect URI to enter there, exactly: ${origin}/oauth2/callback`,
    !values['ADMIN_EMAILS'] && 'ADMIN_EMAILS: the operators, separated by commas',
    `${values['EMAILS_FILE'] || 'access/emails.txt'}: who may sign in, one address a line`,
  ].filter((line) => typeof line === 'string');
}

function originOf(values: Readonly<Record<string, string>>): string {
  const set = URL.parse(values['PUBLIC_URL'] ?? '')?.origin;
  return (
    set ?? (values['FUNNEL_HOSTNAME'] ? `https://${values['FUNNEL_HOSTNAME']}` : 'http://localhost:4180')
  );
}
