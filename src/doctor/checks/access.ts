// Checks of who gets in: the allow-list, and what bypasses it.
import type { Deployment, Files } from '../deployment.ts';
import { type Check, missing, notChecked, of, ofConfig, ofGate, quote, quoteAll, seenIf } from './check.ts';

const emails = (d: Deployment): Files['emails'] => ('missing' in d.files ? d.files : d.files.found.emails);

/** `*`, a whole top-level domain, or a domain of Google's where anybody can get an address. */
function isForAnybody(domain: string): boolean {
  const bare = domain.toLowerCase().replace(/^[*@.]+/, '');
  return bare === '' || !bare.includes('.') || /^(?:.*\.)?(?:gmail|googlemail)\.com$/.test(bare);
}

export const accessChecks: readonly Check[] = [
  {
    id: 'access.everyone',
    subject: 'Who gets in',
    severity: 'high',
    good: 'Not everybody with a Google account gets in',
    why: 'With `*`, or a domain where anybody can get an address, the list keeps nobody out.',
    mend: 'OAUTH2_PROXY_EMAIL_DOMAINS=',
    judge: ofGate((gate) => {
      const wide = gate.list('email_domains').filter(isForAnybody);
      return seenIf(wide.length > 0 && `${gate.from('email_domains')} names ${quoteAll(wide)}.`);
    }),
  },
  {
    id: 'access.domains',
    subject: 'Who gets in',
    severity: 'medium',
    good: 'The list alone decides who gets in',
    why: 'Every address at these domains gets in, whatever the list says; a person you remove from the list can still sign in.',
    mend: 'OAUTH2_PROXY_EMAIL_DOMAINS=',
    judge: ofGate((gate) => {
      const domains = gate.list('email_domains');
      return seenIf(
        domains.length > 0 && !domains.some(isForAnybody) && `email_domains names ${quoteAll(domains)}.`,
      );
    }),
  },
  {
    id: 'access.list-used',
    subject: 'Who gets in',
    severity: 'medium',
    good: 'oauth2-proxy reads an allow-list',
    why: 'Without one, the page “Access” has no effect, and you can only let in whole domains.',
    mend: 'authenticated_emails_file = "access/emails.txt"',
    judge: ofGate((gate) =>
      seenIf(gate.text('authenticated_emails_file') === undefined && 'authenticated_emails_file is not set.'),
    ),
  },
  {
    id: 'access.trusted-ips',
    subject: 'Who gets in',
    severity: 'high',
    good: 'No IP address gets in without a sign-in',
    why: 'Requests from these addresses need no sign-in; behind a reverse proxy that may be everybody.',
    mend: 'trusted_ips = []',
    judge: ofGate((gate) => {
      const ips = gate.list('trusted_ips');
      return seenIf(ips.length > 0 && `trusted_ips names ${quoteAll(ips)}.`);
    }),
  },
  {
    id: 'access.htpasswd',
    subject: 'Who gets in',
    severity: 'medium',
    good: 'Google is the only way in',
    why: 'A password file is another way in, without a second factor, and its user names are not Google’s user ids.',
    mend: 'htpasswd_file = ""',
    judge: ofGate((gate) => {
      const file = gate.text('htpasswd_file');
      return seenIf(file !== undefined && `htpasswd_file is ${quote(file)}.`);
    }),
  },
  {
    id: 'access.list',
    subject: 'Who gets in',
    severity: 'medium',
    good: 'The allow-list exists and is not empty',
    why: 'With an empty or missing list, nobody gets in, and oauth2-proxy may not start.',
    mend: 'cp access/emails.txt.example access/emails.txt',
    judge: of(emails, ({ path, addresses }) =>
      seenIf(addresses.length === 0 && `${quote(path)} is empty or missing.`),
    ),
  },
  {
    id: 'access.list-writable',
    subject: 'Who gets in',
    severity: 'high',
    good: 'Only its owner can change the allow-list',
    why: 'Anyone who can write to it can let themselves in.',
    mend: 'chmod o-w access/emails.txt',
    judge: of(emails, ({ path, mode }) => {
      if (mode === undefined)
        return notChecked('there is no allow-list yet, or this system has no file permissions');
      return seenIf(
        (mode & 0o002) !== 0 && `Everyone on this machine can write to ${quote(path)}.`,
        `chmod o-w ${path}`,
      );
    }),
  },
  {
    id: 'access.operators',
    subject: 'Who gets in',
    severity: 'low',
    good: 'Every operator is on the list',
    why: 'An operator who is not on the list cannot sign in.',
    mend: 'echo you@example.org >> access/emails.txt',
    judge: ofConfig(({ operators }, deployment) => {
      const list = emails(deployment);
      if ('missing' in list) return missing(list);
      if (list.found.addresses.length === 0) return notChecked('there is no allow-list here');
      if ('found' in deployment.gate && deployment.gate.found.list('email_domains').length > 0) {
        return notChecked('email_domains also lets in other addresses');
      }
      const unlisted = operators.filter((email) => !list.found.addresses.includes(email));
      return seenIf(
        unlisted.length > 0 && `${unlisted.length} of ${operators.length} in ADMIN_EMAILS are not on it.`,
      );
    }),
  },
];
