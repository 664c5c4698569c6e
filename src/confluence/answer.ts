// Distinguishes an answer from a refusal. A sign-in page or a CAPTCHA can come with any status, so headers and content are checked too.
import type { IncomingHttpHeaders } from 'node:http';
import type { Refusal } from './outcomes.ts';

export interface Head {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/** Confluence's own headers. Data Center: X-Seraph-LoginReason, X-Authentication-Denied-Reason, X-AUSERNAME. */
export function refusalByHead({ status, headers }: Head): Refusal | undefined {
  const denied = text(headers['x-authentication-denied-reason']);
  const login = text(headers['x-seraph-loginreason']);
  if (denied.startsWith('CAPTCHA_CHALLENGE') || login.includes('AUTHENTICATION_DENIED')) return 'challenged';
  if (login.includes('AUTHENTICATED_FAILED') || login.includes('AUTHORISATION_FAILED')) return 'refused';
  if (status === 401) return 'refused';
  // An expired cookie is not an error for a site that shows something to everyone.
  if (status < 300 && text(headers['x-ausername']) === 'anonymous') return 'anonymous';
  return undefined;
}

/** Sign-in pages of Confluence, of Atlassian and of the usual identity providers. */
const signIn =
  /(?:^|[/._-])(?:login|signin|sign-in|sso|saml2?|oauth2?|authorize|authenticate|adfs|openid-connect)(?:[/._-]|$)/i;

/** Words count only in the path: in a query they can be a file's name. */
export function leadsToSignIn({ hostname, pathname, search }: URL): boolean {
  return (
    hostname === 'id.atlassian.com' ||
    signIn.test(pathname) ||
    /[?&](?:os_destination|continue|SAMLRequest)=/i.test(search)
  );
}

/** HTML came where JSON was expected: a page for people. @param start the beginning of the page */
export function refusalByPage(start: string): Refusal {
  return /captcha|challenge-platform|cf-chl|are you (?:a )?human/i.test(start)
    ? 'challenged'
    : 'sign_in_page';
}

export function isJson(headers: IncomingHttpHeaders): boolean {
  return /^application\/(?:[\w.-]+\+)?json\b/i.test(headers['content-type'] ?? '');
}

export function isHtml(headers: IncomingHttpHeaders): boolean {
  return /^(?:text\/html|application\/xhtml\+xml)\b/i.test(headers['content-type'] ?? '');
}

function text(header: string | string[] | undefined): string {
  return header === undefined ? '' : String(header);
}
