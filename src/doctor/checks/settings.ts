// Checks of the app's settings.

import { durationWords } from '../../config/duration.ts';
import { isLocal } from '../../config/local-addresses.ts';
import { type Check, notChecked, ofConfig, quote, seenIf, unlessDoubted } from './check.ts';

const dayMs = 86_400_000;

export const settingsChecks: readonly Check[] = [
  {
    id: 'settings.valid',
    subject: 'Settings',
    severity: 'high',
    good: 'Every setting is valid and consistent with the others',
    why: 'The server does not start with an invalid setting, and checks that need it cannot run.',
    mend: 'Correct the named lines in .env, then run `gatehouse doctor` again.',
    judge({ problems, secrets, doubts }) {
      const own = problems.filter(
        ({ name, kind }) =>
          kind !== 'shared' &&
          name !== 'DEV_MODE' &&
          !secrets.some((one) => name === one.name || name === `${one.name}_FALLBACKS`),
      );
      const seen = own.map(({ name, message }) => `${name} ${message}`).join('. ');
      return unlessDoubted(seenIf(seen), doubts.config);
    },
  },
  {
    id: 'settings.misspelt',
    subject: 'Settings',
    severity: 'medium',
    good: 'No name in .env looks like a misspelt setting',
    why: 'A name that is not a setting is silently ignored, and the default applies instead of what was meant.',
    mend: 'Correct the name in .env, or rename the variable if it is your own.',
    judge: ({ misspelt, doubts }) =>
      unlessDoubted(
        seenIf(misspelt.map(({ name, message }) => `${quote(name)} ${message}`).join(' ')),
        doubts.config,
      ),
  },
  {
    id: 'settings.dev-mode',
    subject: 'Settings',
    severity: 'high',
    good: 'Development mode is off',
    why: 'In development mode there is no gate: everyone who can reach the app is an operator.',
    mend: 'DEV_MODE=false',
    judge(deployment) {
      const refused = deployment.problems.find(({ name }) => name === 'DEV_MODE');
      if (refused) return { seen: `DEV_MODE ${refused.message}.` };
      return ofConfig(({ devMode }) => seenIf(devMode && 'DEV_MODE is true.'))(deployment);
    },
  },
  {
    id: 'settings.https',
    subject: 'Settings',
    severity: 'high',
    good: 'Browsers connect over https',
    why: 'Over plain http, anyone on the network can read the cookies and act as that person.',
    mend: 'PUBLIC_URL=https://desk.example.org',
    judge: ofConfig(({ publicOrigin }) =>
      seenIf(
        publicOrigin.startsWith('http:') && !isLocal(publicOrigin) && `PUBLIC_URL is ${quote(publicOrigin)}.`,
      ),
    ),
  },
  {
    id: 'settings.public-url',
    subject: 'Settings',
    severity: 'medium',
    good: 'Others can reach the public address',
    why: 'With an address on localhost, only this machine can sign in, and cookies are less protected.',
    mend: 'PUBLIC_URL=https://desk.example.org',
    judge: ofConfig(({ publicOrigin }) =>
      seenIf(isLocal(publicOrigin) && `PUBLIC_URL is ${quote(publicOrigin)}.`),
    ),
  },
  {
    id: 'settings.production',
    subject: 'Settings',
    severity: 'medium',
    good: 'The app runs with NODE_ENV=production',
    why: 'Only then does the app refuse to start without a public address or with a placeholder as a secret of oauth2-proxy or Redis.',
    mend: 'NODE_ENV=production',
    judge: ofConfig(({ production }, { runBy }) => {
      if (production) return 'passed';
      return runBy === 'compose'
        ? notChecked('no Dockerfile with NODE_ENV=production here; `docker compose` decides')
        : { seen: 'NODE_ENV is not `production`.' };
    }),
  },
  {
    id: 'settings.rate-limit',
    subject: 'Settings',
    severity: 'high',
    good: 'Rate limits are on',
    why: 'Without limits, one client can guess, search and load without end.',
    mend: 'RATE_LIMIT=on',
    judge: ofConfig(({ rateLimit }) => seenIf(!rateLimit && 'RATE_LIMIT is off.')),
  },
  {
    id: 'settings.trusted-hops',
    subject: 'Settings',
    severity: 'medium',
    good: 'TRUSTED_HOPS counts all proxies in front of the app',
    why: 'If it is too low, everyone seems to come from the reverse proxy’s address: they share one rate limit, and the pages and the record show the wrong network.',
    mend: 'TRUSTED_HOPS=2',
    judge: ofConfig(({ publicOrigin, trustedHops }, { gate }) => {
      if (!publicOrigin.startsWith('https:') || trustedHops > 1) return 'passed';
      if ('missing' in gate) return notChecked(gate.missing);
      const tlsAtGate = gate.found.text('tls_cert_file') ?? gate.found.text('https_address');
      return seenIf(!tlsAtGate && 'A proxy in front of oauth2-proxy provides https, but TRUSTED_HOPS is 1.');
    }),
  },
  {
    id: 'settings.operators',
    subject: 'Settings',
    severity: 'low',
    good: 'There is an operator',
    why: 'Without one, nobody can sign others out, read the record or see this page.',
    mend: 'ADMIN_EMAILS=you@example.org',
    judge: ofConfig(({ operators }) => seenIf(operators.length === 0 && 'ADMIN_EMAILS is empty.')),
  },
  {
    id: 'settings.log-level',
    subject: 'Settings',
    severity: 'low',
    good: 'The log is not too detailed',
    why: 'At this level, every request is logged: who was where and when, for as long as logs are kept.',
    mend: 'LOG_LEVEL=info',
    judge: ofConfig(({ logLevel }) =>
      seenIf((logLevel === 'debug' || logLevel === 'trace') && `LOG_LEVEL is ${logLevel}.`),
    ),
  },
  {
    id: 'settings.log-silent',
    subject: 'Settings',
    severity: 'low',
    good: 'Errors and refusals are logged',
    why: 'An attack or an error would leave no trace in the log.',
    mend: 'LOG_LEVEL=info',
    judge: ofConfig(({ logLevel }) =>
      seenIf((logLevel === 'silent' || logLevel === 'fatal') && `LOG_LEVEL is ${logLevel}.`),
    ),
  },
  {
    id: 'settings.webhook',
    subject: 'Settings',
    severity: 'medium',
    good: 'Notices are sent over https',
    why: 'A notice names a person, a device and a network.',
    mend: 'NOTIFY_WEBHOOK_URL=https://…',
    judge: ofConfig(({ webhook }) => seenIf(webhook === 'http' && 'NOTIFY_WEBHOOK_URL is plain http.')),
  },
  {
    id: 'settings.confluence',
    subject: 'Settings',
    severity: 'medium',
    good: 'Confluence is accessed over https',
    why: 'The token or the cookies in the vault would be sent unencrypted.',
    mend: 'CONFLUENCE_URL=https://…',
    judge: ofConfig(({ confluenceIsPlain }) => seenIf(confluenceIsPlain && 'CONFLUENCE_URL is plain http.')),
  },
  {
    id: 'visitor.consent',
    subject: 'Settings',
    severity: 'low',
    good: 'Visitors who did not consent are not remembered for long',
    why: 'A notice is enough for a short time. To remember visitors for longer, ask them first.',
    mend: 'VISITOR_CONSENT=required',
    judge: ofConfig(({ visitor: { consent, ttlMs } }) =>
      seenIf(
        consent === 'notice' &&
          ttlMs > 31 * dayMs &&
          `Visitors are remembered for ${durationWords(ttlMs)} with VISITOR_CONSENT=notice.`,
      ),
    ),
  },
];
