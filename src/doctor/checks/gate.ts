// Checks of oauth2-proxy's settings: whether they can be read, how it signs people in and redirects them, and what it logs.
import type { Deployment } from '../deployment.ts';
import {
  type Check,
  notChecked,
  ofGate,
  ofGateAndConfig,
  quote,
  quoteAll,
  seenIf,
  unlessDoubted,
} from './check.ts';
import { isOlder } from './versions.ts';

const insecure = [
  'insecure_oidc_allow_unverified_email',
  'insecure_oidc_skip_issuer_verification',
  'insecure_oidc_skip_nonce',
  'ssl_insecure_skip_verify',
  'ssl_upstream_insecure_skip_verify',
  'redis_insecure_skip_tls_verify',
];

export const gateChecks: readonly Check[] = [
  {
    id: 'gate.config-readable',
    subject: 'The gate',
    severity: 'medium',
    good: 'All of oauth2-proxy’s settings can be read',
    why: 'The check-up cannot judge what it cannot read, and oauth2-proxy may refuse the file.',
    mend: 'oauth2-proxy --config oauth2-proxy.cfg --config-test',
    judge({ gate, doubts }) {
      if ('missing' in gate) return gate.unread ? { seen: `${gate.missing}.` } : notChecked(gate.missing);
      const { unread: faults, ignored } = gate.found;
      const passedOver = `oauth2-proxy has no such setting and ignores it: ${quoteAll(ignored)}.`;
      return unlessDoubted(
        seenIf([...faults, ...(ignored.length > 0 ? [passedOver] : [])].join(' ')),
        doubts.gate,
      );
    },
  },
  {
    id: 'gate.insecure',
    subject: 'The gate',
    severity: 'high',
    good: 'oauth2-proxy’s verification is not switched off',
    why: 'Each of these switches off a verification: of the certificate, the issuer, the nonce or the address.',
    mend: 'insecure_oidc_skip_nonce = false',
    judge: ofGate((gate) => {
      // Only if set explicitly: Google's provider uses no nonce, whatever the default.
      const on = insecure.filter((name) => gate.flag(name, false));
      return seenIf(on.length > 0 && `On: ${on.join(', ')}.`, on.map((name) => `${name} = false`).join('\n'));
    }),
  },
  {
    id: 'gate.pkce',
    subject: 'The gate',
    severity: 'medium',
    good: 'A stolen authorization code is useless',
    why: 'Without PKCE, anyone who sees the code on its way back can redeem it.',
    mend: 'code_challenge_method = "S256"',
    judge: ofGate((gate) =>
      seenIf(gate.text('code_challenge_method') !== 'S256' && 'code_challenge_method is not S256.'),
    ),
  },
  {
    id: 'gate.whitelist',
    subject: 'The gate',
    severity: 'medium',
    good: 'Sign-in and sign-out do not redirect to other sites',
    why: 'A link to this site could otherwise lead to somebody else’s page that looks like it.',
    mend: 'whitelist_domains = []',
    judge: ofGate((gate) => {
      const names = gate.list('whitelist_domains').filter((name) => /^[.*]/.test(name));
      return seenIf(names.length > 0 && `whitelist_domains names ${quoteAll(names)}.`);
    }),
  },
  {
    id: 'gate.log-errors',
    subject: 'The gate',
    severity: 'medium',
    good: 'Failed sign-ins are logged without cookies',
    why: 'Before 7.15.5, a failed sign-in logs the whole request by default, with every cookie that the browser sent, including live sessions.',
    mend: 'standard_logging_format = (the line of the shipped oauth2-proxy.cfg)',
    judge: ofGate((gate, { software }) => {
      const format = gate.text('standard_logging_format');
      if (!gate.flag('standard_logging', true) || namesNoCookies(software.gate)) return 'passed';
      if (format === undefined) return { seen: 'standard_logging_format is not set.' };
      return seenIf(
        format.includes('{{.Message}}') &&
          !format.includes('slice .Message') &&
          'standard_logging_format writes every message in full.',
      );
    }),
  },
  {
    id: 'gate.log-requests',
    subject: 'The gate',
    severity: 'medium',
    good: 'Requests are logged without their query string',
    why: 'The query string of the redirect from Google contains the authorization code.',
    mend: 'request_logging_format = (the line of the shipped oauth2-proxy.cfg)',
    judge: ofGate((gate) => {
      const format = gate.text('request_logging_format');
      if (!gate.flag('request_logging', true)) return 'passed';
      if (format === undefined) return { seen: 'request_logging_format is not set.' };
      return seenIf(
        /\{\{\s*\.RequestURI\s*\}\}/.test(format) && 'request_logging_format writes {{.RequestURI}} in full.',
      );
    }),
  },
  {
    id: 'gate.debug-errors',
    subject: 'The gate',
    severity: 'low',
    good: 'The gate’s error pages show no details',
    why: 'Details tell a stranger how this deployment is built.',
    mend: 'show_debug_on_error = false',
    judge: ofGate((gate) =>
      seenIf(
        gate.flag('show_debug_on_error', false) &&
          !gate.text('custom_templates_dir') &&
          'show_debug_on_error is on, and oauth2-proxy’s own page shows the details.',
      ),
    ),
  },
  {
    id: 'gate.prefix',
    subject: 'The gate',
    severity: 'high',
    good: 'The app knows the addresses of the gate’s pages',
    why: 'The app sends people to /oauth2/start and /oauth2/sign_out. With another prefix, signing out does not end the gate’s session.',
    mend: 'proxy_prefix = "/oauth2"',
    judge: ofGate((gate) => {
      const prefix = gate.text('proxy_prefix') ?? '/oauth2';
      return seenIf(prefix !== '/oauth2' && `proxy_prefix is ${quote(prefix)}.`);
    }),
  },
  {
    id: 'gate.redirect',
    subject: 'The gate',
    severity: 'high',
    good: 'Google sends people back to the public address',
    why: 'At another address, browsers do not send the cookie that started the sign-in: nobody gets in.',
    mend: 'OAUTH2_PROXY_REDIRECT_URL=(PUBLIC_URL)/oauth2/callback',
    judge: ofGateAndConfig((gate, { publicOrigin }) => {
      const target = gate.text('redirect_url');
      const wanted = `${publicOrigin}/oauth2/callback`;
      // If unset, oauth2-proxy derives it from the host name that the browser used.
      return seenIf(
        target !== undefined && URL.parse(target)?.href !== wanted && `redirect_url is ${quote(target)}.`,
        `OAUTH2_PROXY_REDIRECT_URL=${wanted}`,
      );
    }),
  },
];

/** Whether this version has the fix for GHSA-hhqp-vx7f-5c6m. */
function namesNoCookies(gate: Deployment['software']['gate']): boolean {
  return 'found' in gate && /^\d/.test(gate.found.version) && !isOlder(gate.found.version, '7.15.5');
}
