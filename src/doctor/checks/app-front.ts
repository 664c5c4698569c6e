// Checks of what the reverse proxy passes on to the guard, as the guard itself tells somebody who has SECRET_KEY.
import type { FrontFacts, Known } from '../deployment.ts';
import { ofApp } from './app.ts';
import { type Check, missing, notChecked, quote, quoteAll, seenIf, unread } from './check.ts';

const subject = 'An app behind the guard';

const keysOf = ({ keys, keyOf }: FrontFacts): string => {
  if (keys === 0) return 'no key';
  if (keys > 1) return `${keys} keys`;
  return keyOf === undefined ? 'a key that no app has' : `the key of ${quote(keyOf)}`;
};

/** What the guard read, and what it should have read; undefined: nothing is wrong. */
function wrongIn({ asked, host, uri, method, address }: FrontFacts, ownHost: string): string | undefined {
  const given = (values: readonly string[]) => values.join(', ') || 'nothing';
  if (given(host).toLowerCase() !== ownHost) return `X-Forwarded-Host is ${quote(given(host))}.`;
  // A reverse proxy that cannot set these sends none.
  if (uri.length > 0 && given(uri) !== asked) return `X-Forwarded-Uri is ${quote(given(uri))}.`;
  if (method.length > 0 && given(method) !== 'GET') return `X-Forwarded-Method is ${quote(given(method))}.`;
  return address.length === 0 ? 'X-Forwarded-For is missing.' : undefined;
}

function known<T>(
  fact: Known<T>,
  judge: (value: T) => ReturnType<Check['judge']>,
): ReturnType<Check['judge']> {
  return 'missing' in fact ? missing(fact) : judge(fact.found);
}

export const appFrontChecks: readonly Check[] = [
  {
    id: 'app.key',
    subject,
    severity: 'high',
    good: 'The reverse proxy presents this app’s key, once',
    why: 'With another app’s key, that app’s people and rules apply; with none, nobody gets in.',
    mend: 'gatehouse guard config nginx NAME',
    judge: ofApp(({ front, name }) =>
      known(front, (facts) => seenIf(facts.keyOf !== name && `The guard gets ${keysOf(facts)}.`)),
    ),
  },
  {
    id: 'app.forged-key',
    subject,
    severity: 'high',
    good: 'No key that a client sends reaches the guard',
    why: 'Anyone who has the key of one app could use it at the address of another.',
    mend: 'gatehouse guard config nginx NAME',
    judge: ofApp(({ front, forgedFront, name, answers: { page, forgedKey } }) =>
      known(front, (before) =>
        known(forgedFront, (facts) => {
          if (before.keyOf !== name) return notChecked('this app’s key does not arrive; see app.key');
          if (facts.keys !== before.keys || facts.keyOf !== name)
            return { seen: `With a client’s X-Guard-Key, the guard gets ${keysOf(facts)}.` };
          if (!page || !forgedKey) return unread('the request got no answer');
          return seenIf(
            (page.status !== forgedKey.status || page.leads !== forgedKey.leads) &&
              `With a client’s X-Guard-Key, a page is answered with ${forgedKey.status} instead of ${page.status}.`,
          );
        }),
      ),
    ),
  },
  {
    id: 'app.key-elsewhere',
    subject,
    severity: 'high',
    good: 'No other address presents this app’s key',
    why: 'Two sites that share a key share their people: whoever may use one gets into the other.',
    mend: 'gatehouse guard config nginx',
    judge: ofApp(({ others, silentOthers, name }) => {
      const shared = others.filter(({ keyOf }) => keyOf === name);
      if (shared.length > 0)
        return {
          seen: `The key of ${quote(name)} also comes from ${quoteAll(shared.map((one) => one.name))}.`,
        };
      if (silentOthers.length > 0) return unread(`no guard answered at ${quoteAll(silentOthers)}`);
      return others.length > 0 ? 'passed' : notChecked('there is no other app');
    }),
  },
  {
    id: 'app.forwarded',
    subject,
    severity: 'high',
    good: 'The guard learns address, host and method from the reverse proxy alone',
    why: 'The guard decides by them, and limits and records by the client’s address.',
    mend: 'gatehouse guard config nginx NAME',
    judge: ofApp(({ front, forgedFront, origin, forged }) =>
      known(front, (plain) =>
        known(forgedFront, (facts) => {
          const { host } = new URL(origin);
          const wrong = wrongIn(plain, host) ?? wrongIn(facts, host);
          if (wrong !== undefined) return { seen: wrong };
          const last = facts.address.join(',').split(',').at(-1) ?? '';
          return seenIf(
            last.includes(forged) && 'The guard takes the address that a client sends for its own.',
          );
        }),
      ),
    ),
  },
  {
    id: 'app.guard-hidden',
    subject,
    severity: 'high',
    good: 'The guard does not answer at the desk’s public address',
    why: 'Then anybody can ask the guard without a reverse proxy in between; a leaked key would be enough.',
    mend: 'Let oauth2-proxy forward to PORT, not to GUARD_LISTEN.',
    judge: ofApp(({ guardAtDesk }) =>
      known(guardAtDesk, (answers) => seenIf(answers && 'The guard answers there.')),
    ),
  },
  {
    id: 'app.same-rules',
    subject,
    severity: 'medium',
    good: 'Every server has the rules of this apps file in force',
    why: 'With different files, a person who was removed from one still gets in at the other.',
    mend: 'Give every server the same apps file; a server with a mistake in it says so in its log.',
    judge: ofApp(({ front, rules, ownRules }) =>
      known(front, () => {
        const kinds = new Set(rules).size;
        if (kinds > 1) return { seen: `Servers that answered have ${kinds} different sets of rules.` };
        return seenIf(!rules.includes(ownRules) && 'The server has other rules than the apps file here.');
      }),
    ),
  },
];
