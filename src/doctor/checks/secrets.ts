// Checks of the secrets: strength, reuse, age. They see fingerprints and faults, never a secret.

import { durationWords } from '../../config/duration.ts';
import type { Deployment, SecretFact } from '../deployment.ts';
import { placeOf } from '../read/compose-services.ts';
import { type Check, missing, notChecked, ofConfig, ofGate, seenIf, unlessDoubted } from './check.ts';

const dayMs = 86_400_000;

/** Settings of the app, oauth2-proxy and Redis that are secrets. */
const secretNames =
  /^(?:SECRET_KEY|GATE_SECRET|VAULT_PASSPHRASE|AUDIT_KEY|REDIS_PASSWORD|REDISCLI_AUTH|CONFLUENCE_API_TOKEN|NOTIFY_WEBHOOK_SECRET|(?:SECRET_KEY|GATE_SECRET|AUDIT_KEY)_FALLBACKS|OAUTH2_PROXY_(?:CLIENT_SECRET|COOKIE_SECRET|BASIC_AUTH_PASSWORD|REDIS_PASSWORD|REDIS_SENTINEL_PASSWORD))$/;

const elsewhere = 'it is neither in oauth2-proxy.cfg nor in these settings';

export const secretChecks: readonly Check[] = [
  {
    id: 'secret.strength',
    subject: 'Secrets',
    severity: 'high',
    good: 'Every secret is long and random',
    why: 'Anyone who guesses SECRET_KEY or the gate’s secrets can act as anybody.',
    mend: 'node generate-secrets.ts',
    judge(deployment) {
      const faults = new Map(
        deployment.problems
          .filter(({ name, kind }) => kind !== 'shared' && isSecret(name, deployment))
          .map((p) => [p.name, p.message]),
      );
      for (const { name, isSet, fault } of deployment.secrets) {
        if (isSet && fault !== undefined && !faults.has(name)) faults.set(name, fault);
      }
      const seen = [...faults].map(([name, fault]) => `${name} ${fault}`).join('. ');
      return unlessDoubted(seenIf(seen), deployment.doubts.config);
    },
  },
  {
    id: 'secret.reused',
    subject: 'Secrets',
    severity: 'high',
    good: 'No secret is used for two purposes',
    why: 'One leak would compromise both.',
    mend: 'node generate-secrets.ts --rotate all',
    judge({ secrets, problems, doubts }) {
      const named = secrets.filter(({ isSet }) => isSet);
      const twins = named.filter((one) =>
        named.some((other) => other !== one && other.fingerprint === one.fingerprint),
      );
      if (twins.length > 0)
        return { seen: `The same value is in ${twins.map(({ name }) => name).join(' and ')}.` };
      const shared = problems.filter(({ kind }) => kind === 'shared');
      const seen = shared.map(({ name, message }) => `${name} ${message}`).join('. ');
      return unlessDoubted(seenIf(seen), doubts.config);
    },
  },
  {
    id: 'secret.gate-agrees',
    subject: 'Secrets',
    severity: 'high',
    good: 'oauth2-proxy proves itself with GATE_SECRET',
    why: 'With another secret, the app accepts nobody: every page answers that it was not reached through the gate.',
    mend: 'OAUTH2_PROXY_BASIC_AUTH_PASSWORD=(the same value as GATE_SECRET)',
    judge: ofGate((gate, { secrets }) => {
      const atGate = gate.text('basic_auth_password');
      const own = secrets.find(({ name }) => name === 'GATE_SECRET');
      if (!own?.isSet) return notChecked('GATE_SECRET is not set here');
      if (atGate === undefined) {
        return notChecked('oauth2-proxy’s basic_auth_password is neither in its file nor in these settings');
      }
      return seenIf(
        atGate !== own.fingerprint && `${gate.from('basic_auth_password')} and GATE_SECRET differ.`,
      );
    }),
  },
  {
    id: 'secret.gate-cookie',
    subject: 'Secrets',
    severity: 'high',
    good: 'oauth2-proxy’s cookie secret is set and has a valid length',
    why: 'It signs and encrypts the gate’s sessions; with a length other than 16, 24 or 32 bytes, oauth2-proxy does not start.',
    mend: 'node generate-secrets.ts --rotate oauth2',
    judge: ofGate((gate, { secrets, runBy }) => {
      if (gate.text('cookie_secret_file')) return notChecked('it is in a separate file of oauth2-proxy’s');
      const here = secrets.find(({ name }) => name === 'OAUTH2_PROXY_COOKIE_SECRET');
      if (here?.isSet || gate.text('cookie_secret') !== undefined) return 'passed';
      // With a systemd unit, for example, its settings may be elsewhere.
      if (runBy === 'itself') return notChecked(elsewhere);
      return { seen: 'OAUTH2_PROXY_COOKIE_SECRET is not set.' };
    }),
  },
  {
    id: 'secret.in-config',
    subject: 'Secrets',
    severity: 'high',
    good: 'oauth2-proxy.cfg and docker-compose.yml contain no secret',
    why: 'Those files are shared, copied and kept in git, and everyone on the machine can see a command line; anyone who reads them could sign in as anybody.',
    mend: 'Move them to .env, remove the lines from the file, then rotate the secrets.',
    judge(deployment) {
      const { gate, compose } = deployment;
      const services = 'found' in compose ? compose.found.services : [];
      const written = services.flatMap(({ name, written: names }) =>
        names.filter((one) => secretNames.test(one)).map((one) => `${name}: ${one}`),
      );
      const { secretsInFile = [], secretsInFlags = [] } = 'found' in gate ? gate.found : {};
      const seen = [
        secretsInFile.length > 0 && `oauth2-proxy.cfg contains ${secretsInFile.join(', ')}.`,
        secretsInFlags.length > 0 && `oauth2-proxy’s command line contains ${secretsInFlags.join(', ')}.`,
        written.length > 0 && `docker-compose.yml contains ${written.join(', ')}.`,
      ].filter(Boolean);
      if (seen.length > 0) return { seen: seen.join(' ') };
      if ('missing' in compose && compose.unread) return missing(compose);
      if ('missing' in gate) return missing(gate);
      const parts = 'found' in compose ? compose.found.unread : [];
      const blind = parts.find(({ key }) => ['*', 'environment', 'command', 'entrypoint'].includes(key));
      return unlessDoubted('passed', blind ? `${placeOf(blind)} could not be read` : deployment.doubts.gate);
    },
  },
  {
    id: 'secret.age',
    subject: 'Secrets',
    severity: 'medium',
    good: 'No secret is older than SECRET_MAX_AGE_DAYS',
    why: 'The older a secret, the more copies of it exist: in backups, on old machines, with people who left.',
    mend: 'node generate-secrets.ts --rotate session,gate',
    judge: ofConfig(({ secretMaxAgeMs }, { at, secrets }) => {
      const dated = secrets.filter(({ madeAt }) => madeAt !== undefined);
      if (dated.length === 0) return notChecked('SECRET_DATES has no date for a secret in use');
      const old = dated.filter(({ madeAt = at }) => at - madeAt > secretMaxAgeMs);
      return seenIf(
        old.map(({ name, madeAt = at }) => `${name} is ${daysBetween(madeAt, at)} days old.`).join(' '),
      );
    }),
  },
  {
    id: 'secret.fallbacks',
    subject: 'Secrets',
    severity: 'low',
    good: 'Former secrets are removed once they are no longer needed',
    why: 'A former key is accepted like the current one. Once every cookie that it signed has expired, it is only useful to somebody who stole it.',
    mend: 'node generate-secrets.ts --prune',
    judge: ofConfig(({ session, visitor }, { at, secrets }) => {
      const kept = secrets.filter(({ fallbacks }) => fallbacks > 0);
      // The key signs both of the app's cookies; the gate sends its secret again with every request.
      const neededMs = (name: string) =>
        dayMs + (name === 'SECRET_KEY' ? Math.max(session.lifetimeMs, visitor.ttlMs) : dayMs);
      const over = kept.filter(({ name, madeAt }) => madeAt !== undefined && at - madeAt > neededMs(name));
      if (over.length === 0 && kept.some(({ madeAt }) => madeAt === undefined)) {
        return notChecked('SECRET_DATES does not say since when the current secret is in use');
      }
      const held = over.map(
        ({ name, fallbacks }) =>
          `${name}_FALLBACKS holds ${fallbacks}, needed for ${durationWords(neededMs(name))} at most.`,
      );
      return seenIf(held.join(' '), 'node generate-secrets.ts --prune');
    }),
  },
  {
    id: 'secret.client',
    subject: 'Secrets',
    severity: 'medium',
    good: 'oauth2-proxy has a Google OAuth client',
    why: 'Without one, nobody can sign in.',
    mend: 'OAUTH2_PROXY_CLIENT_ID=(from Google: APIs & Services, Credentials)',
    judge: ofGate((gate, { runBy }) => {
      const unset = ['client_id', 'client_secret'].filter(
        (name) => gate.text(name) === undefined && gate.text(`${name}_file`) === undefined,
      );
      if (unset.length > 0 && runBy === 'itself') return notChecked(elsewhere);
      return seenIf(
        unset.length > 0 &&
          `${unset.map((name) => `OAUTH2_PROXY_${name.toUpperCase()}`).join(' and ')} ${unset.length > 1 ? 'are' : 'is'} not set.`,
      );
    }),
  },
];

function isSecret(name: string, { secrets }: Deployment): boolean {
  return secrets.some((fact: SecretFact) => name === fact.name || name === `${fact.name}_FALLBACKS`);
}

function daysBetween(from: number, to: number): number {
  return Math.floor((to - from) / dayMs);
}
