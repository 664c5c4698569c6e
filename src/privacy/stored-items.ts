// What Gatehouse stores about people, for the privacy notice: derived from the configuration in use.
import { duration } from '../../views/format.ts';
import type { StoredItem } from '../../views/privacy-notice.ts';
import type { Config } from '../config/derive.ts';

export function storedItems({
  session,
  visitor,
  gate,
  devMode,
  audit,
  personRetentionMs,
  vault,
}: Config): StoredItem[] {
  const items: StoredItem[] = [
    {
      what: `Visitor cookie \`${visitor.cookieName}\``,
      why: 'A random number, so that the look you chose and the notice you have seen are remembered. It is replaced when you sign in.',
      howLong: duration(visitor.ttlMs),
      where: 'your browser',
    },
    {
      what: `Session cookie \`${session.cookieName}\``,
      why: 'A random number that keeps you signed in. It is set when you sign in and says nothing about you.',
      howLong: `${duration(session.lifetimeMs)}, or until you close the browser if you choose so; over after ${duration(session.idleMs)} without use`,
      where: 'your browser',
    },
    {
      what: 'What a visitor chose',
      why: 'The look and the notice, under a digest of the visitor cookie’s number. Nothing is kept of visitors who chose nothing.',
      howLong: duration(visitor.ttlMs),
      where: 'this server',
    },
    {
      what: 'Your sessions',
      why: 'For each device: when you signed in and were last here, the browser and system it names, and its network address. So that you can see and end them.',
      howLong: duration(session.lifetimeMs),
      where: 'this server',
    },
    {
      what: 'Kinds of device',
      why: 'Which browsers and systems you signed in from, as digests, so that you are told of a new one; the name of a device that was signed out, for its receipt.',
      howLong: '400 days; the name for an hour',
      where: 'this server',
    },
    {
      what: 'The link to your session at the gate',
      why: 'Under which name oauth2-proxy keeps your session, and your address, so that signing out here ends it there, or is refused here where the gate keeps it in your cookie.',
      howLong: `up to ${duration(2 * gate.cookie.expireMs)}`,
      where: 'this server',
    },
    {
      what: 'Your account here',
      why: 'The e-mail address and account number that Google gave, the look you chose, and your last sign-in.',
      howLong:
        personRetentionMs === 0
          ? 'until you erase it'
          : `until you erase it, or have not signed in for ${duration(personRetentionMs)}`,
      where: 'this server',
    },
    {
      what: 'The record of what happened',
      why: 'Sign-ins, sign-outs, refusals and changes, under a pseudonym that only the account links to you, with the network address cut to its first part. So that misuse can be found.',
      howLong: duration(audit.retentionMs),
      where: 'this server',
    },
  ];
  if (vault.passphrase !== undefined)
    items.push({
      what: 'Cookies that an operator puts into the vault',
      why: 'Sealed, so that this site can read from another service for its members. Nobody is shown their values.',
      howLong: `at most ${duration(vault.ttlMs)}; their names two weeks longer`,
      where: 'this server',
    });
  if (devMode) return items;
  return [
    ...items,
    {
      what: `Gate cookie \`${gate.cookie.name}\``,
      why: 'Set by oauth2-proxy, the gate in front of this site, as proof that Google knows you.',
      howLong: `${duration(gate.cookie.expireMs)}, and renewed`,
      where: 'your browser',
    },
    {
      what: 'That you signed in',
      why: 'Google knows that you used your account for this site. It is asked only who you are.',
      howLong: 'As Google’s own privacy policy says',
      where: 'Google',
    },
  ];
}
