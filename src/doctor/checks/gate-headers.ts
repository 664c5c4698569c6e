// Checks of the headers that oauth2-proxy sets, removes and passes on: identity, proof, tokens.
import { type Check, notChecked, ofGate, seenIf } from './check.ts';

const tokens = [
  'pass_access_token',
  'pass_authorization_header',
  'set_authorization_header',
  'set_basic_auth',
];

const passwordElsewhere = 'its basic_auth_password is neither in oauth2-proxy.cfg nor in these settings';

export const gateHeaderChecks: readonly Check[] = [
  {
    id: 'gate.prefer-email',
    subject: 'The gate',
    severity: 'high',
    good: 'X-Forwarded-User is Google’s user id',
    why: 'With prefer_email_to_user, X-Forwarded-Email is neither set nor removed, so anybody who is signed in could forge it; and an address can pass to another person.',
    mend: 'prefer_email_to_user = false',
    judge: ofGate((gate) =>
      seenIf(gate.flag('prefer_email_to_user', false) && 'prefer_email_to_user is on.'),
    ),
  },
  {
    id: 'gate.strip-headers',
    subject: 'The gate',
    severity: 'high',
    good: 'Identity headers from clients are removed on public pages too',
    why: 'On public pages, a client’s own X-Forwarded-Email and Authorization would reach the app as if the gate had set them.',
    mend: 'skip_auth_strip_headers = true',
    judge: ofGate((gate) =>
      seenIf(!gate.flag('skip_auth_strip_headers', true) && 'skip_auth_strip_headers is off.'),
    ),
  },
  {
    id: 'gate.proof',
    subject: 'The gate',
    severity: 'high',
    good: 'oauth2-proxy sends its proof and the person’s id',
    why: 'The app accepts an identity only with the proof in Authorization and the person in X-Forwarded-User: without them, everyone is a visitor.',
    mend: 'pass_basic_auth = true',
    judge: ofGate((gate, { runBy }) => {
      const off = ['pass_basic_auth', 'pass_user_headers'].filter((name) => !gate.flag(name, true));
      if (off.length > 0)
        return seenIf(`Off: ${off.join(', ')}.`, off.map((name) => `${name} = true`).join('\n'));
      if (gate.text('basic_auth_password') !== undefined) return 'passed';
      if (runBy === 'itself') return notChecked(passwordElsewhere);
      return {
        seen: 'basic_auth_password is not set.',
        mend: 'OAUTH2_PROXY_BASIC_AUTH_PASSWORD=(the same value as GATE_SECRET)',
      };
    }),
  },
  {
    id: 'gate.tokens',
    subject: 'The gate',
    severity: 'medium',
    good: 'Google’s tokens stay at the gate',
    why: 'The app does not use them; in headers they end up in logs and proxies.',
    mend: 'pass_access_token = false',
    judge: ofGate((gate) => {
      const on = tokens.filter((name) => gate.flag(name, false));
      return seenIf(on.length > 0 && `On: ${on.join(', ')}.`, on.map((name) => `${name} = false`).join('\n'));
    }),
  },
  {
    id: 'gate.xauthrequest',
    subject: 'The gate',
    severity: 'low',
    good: 'Responses carry no session data in headers',
    why: 'Every response would contain the person’s address and user id, visible to every cache and log along the way.',
    mend: 'set_xauthrequest = false',
    judge: ofGate((gate) => seenIf(gate.flag('set_xauthrequest', false) && 'set_xauthrequest is on.')),
  },
  {
    id: 'gate.host-header',
    subject: 'The gate',
    severity: 'high',
    good: 'The app sees the host name that the browser used',
    why: 'Without it, every change is refused because it seems to come from another site.',
    mend: 'pass_host_header = true',
    judge: ofGate((gate) => seenIf(!gate.flag('pass_host_header', true) && 'pass_host_header is off.')),
  },
];
