// Checks of the settings and of the secrets among them.
import { type Check, notChecked, ofConfig, quote, seenIf, unlessDoubted } from './check.ts';
import { wordsOf } from './duration-words.ts';
import { isLocal } from './local-addresses.ts';

const dayMs = 86_400_000;

export const settingsChecks: readonly Check[] = [
  {
    id: 'settings.valid',
    subject: 'Settings',
    severity: 'high',
    good: 'Every setting can be read and fits the others',
    why: 'The server does not start with a setting that it cannot follow; a check that needs it cannot look either.',
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
    good: 'No line of .env looks like a setting misspelt',
    why: 'A name that no setting has is passed over without a word, and the default holds instead of what was meant.',
    mend: 'Correct the name in .env, or rename what is your own.',
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
    why: 'In development mode there is no gate: whoever reaches the app is an operator.',
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
    good: 'Browsers come by https',
    why: 'Over plain http everyone on the way can read the cookies, and with them be that person.',
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
    good: 'The public address is one that others can reach',
    why: 'With an address on localhost only this machine can sign in, and cookies are kept less strictly.',
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
    why: 'Only then a start with an unfinished secret of a neighbour, or without a public address, is refused.',
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
    why: 'Without limits one client can guess, search and load without end.',
    mend: 'RATE_LIMIT=on',
    judge: ofConfig(({ rateLimit }) => seenIf(!rateLimit && 'RATE_LIMIT is off.')),
  },
  {
    id: 'settings.trusted-hops',
    subject: 'Settings',
    severity: 'medium',
    good: 'The proxies before the app are counted',
    why: 'Counted short, everyone seems to come from the address of the front: they share one rate limit, and pages and record name the wrong network.',
    mend: 'TRUSTED_HOPS=2',
    judge: ofConfig(({ publicOrigin, trustedHops }, { gate }) => {
      if (!publicOrigin.startsWith('https:') || trustedHops > 1) return 'passed';
      if ('missing' in gate) return notChecked(gate.missing);
      const tlsAtGate = gate.found.text('tls_cert_file') ?? gate.found.text('https_address');
      return seenIf(!tlsAtGate && 'Something before oauth2-proxy speaks https, but TRUSTED_HOPS is 1.');
    }),
  },
  {
    id: 'settings.operators',
    subject: 'Settings',
    severity: 'low',
    good: 'There is an operator',
    why: 'Nobody could sign somebody else out, read the record or see this page.',
    mend: 'ADMIN_EMAILS=you@example.org',
    judge: ofConfig(({ operators }) => seenIf(operators.length === 0 && 'ADMIN_EMAILS is empty.')),
  },
  {
    id: 'settings.log-level',
    subject: 'Settings',
    severity: 'low',
    good: 'The log is no chattier than needed',
    why: 'At this level every request leaves a line: who was where and when, for as long as logs are kept.',
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
    why: 'An attack or a fault would leave no line to find it by.',
    mend: 'LOG_LEVEL=info',
    judge: ofConfig(({ logLevel }) =>
      seenIf((logLevel === 'silent' || logLevel === 'fatal') && `LOG_LEVEL is ${logLevel}.`),
    ),
  },
  {
    id: 'settings.webhook',
    subject: 'Settings',
    severity: 'medium',
    good: 'Notices travel by https',
    why: 'A notice names a person, a device and a network.',
    mend: 'NOTIFY_WEBHOOK_URL=https://…',
    judge: ofConfig(({ webhook }) => seenIf(webhook === 'http' && 'NOTIFY_WEBHOOK_URL is plain http.')),
  },
  {
    id: 'settings.confluence',
    subject: 'Settings',
    severity: 'medium',
    good: 'Confluence is asked by https',
    why: 'The token or the cookies in the vault would travel in the open.',
    mend: 'CONFLUENCE_URL=https://…',
    judge: ofConfig(({ confluenceIsPlain }) => seenIf(confluenceIsPlain && 'CONFLUENCE_URL is plain http.')),
  },
  {
    id: 'visitor.consent',
    subject: 'Settings',
    severity: 'low',
    good: 'Visitors who were not asked are not remembered for long',
    why: 'A notice alone carries a short memory. Whoever wants a longer one asks first.',
    mend: 'VISITOR_CONSENT=required',
    judge: ofConfig(({ visitor: { consent, ttlMs } }) =>
      seenIf(
        consent === 'notice' &&
          ttlMs > 31 * dayMs &&
          `Visitors are remembered for ${wordsOf(ttlMs)} with VISITOR_CONSENT=notice.`,
      ),
    ),
  },
];
