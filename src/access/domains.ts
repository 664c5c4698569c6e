// Whom oauth2-proxy admits without the list: its `email_domains`. A match there makes the list irrelevant for that address.

/** isEmailValidWithDomains of oauth2-proxy (7.15.3, validator.go): a domain, `.domain` or `*.domain` with all below it, `*`. */
export function admittedByDomain(email: string, domains: readonly string[]): boolean {
  const host = email.split('@')[1] ?? '';
  return domains.some((domain) => {
    const name = domain.toLowerCase();
    if (name === '*') return true;
    if (email.split('@').length !== 2) return false;
    if (host === name) return true;
    const ending = name.startsWith('*.') ? name.slice(1) : name;
    return ending.startsWith('.') && host.endsWith(ending);
  });
}
