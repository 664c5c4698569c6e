// Finds out which made-up headers and cookies reach an app, from what its own answers show on paths that need no sign-in. A header that
// nothing removes is sent along: only if the answer shows that one does the absence of another mean anything.
import type { AppEcho } from '../deployment.ts';
import { type Got, inTurn, type Place, type Sent, send } from './app-request.ts';

export interface EchoToFind {
  /** Paths that need no sign-in, most promising first. */
  readonly paths: readonly string[];
  /** Headers in which this app takes an identity: tried in every spelling. */
  readonly wantedNames: readonly string[];
  readonly identityNames: readonly string[];
  /** Headers that say which way a request came. */
  readonly addressNames: readonly string[];
  readonly cookieNames: readonly string[];
  /** The app's key, which no answer may contain. */
  readonly key: string;
  /** A random word that begins every made-up value. */
  readonly forged: string;
}

interface Made {
  readonly name: string;
  readonly value: string;
  /** What of the value no other line has. */
  readonly mark: string;
  readonly kind: 'identities' | 'addresses' | 'cookies';
}

const control = 'X-Doctor-Control';
/** Lines in one request: proxies take about 100, and 16 KB. */
const linesAtMost = 40;
const pathsAtMost = 4;

export async function lookForEcho(place: Place, find: EchoToFind): Promise<AppEcho> {
  const paths = find.paths.slice(0, pathsAtMost);
  const made = madeUp(find);
  const lines = made.filter(({ kind }) => kind !== 'cookies');
  const cookies = made.filter(({ kind }) => kind === 'cookies');
  const [seesHeader, seesCookie] = [`${find.forged}control`, `${find.forged}biscuit`];
  const requests: readonly Sent[] = [
    {
      asked: 'cookies',
      path: '',
      headers: [
        control,
        seesHeader,
        'Cookie',
        [`doctor=${seesCookie}`, ...cookies.map(({ name, mark }) => `${name}=${mark}`), 'doctor_2=1'].join(
          '; ',
        ),
      ],
    },
    ...chunks(lines, linesAtMost).map((some) => ({
      asked: 'headers',
      path: '',
      headers: [control, seesHeader, ...some.flatMap(({ name, value }) => [name, value])],
    })),
  ];
  const looks = await inTurn(
    paths.flatMap((path) => requests.map((sent) => ({ ...sent, path }))),
    4,
    async (sent) => ({ sent, text: textOf(await send(place, sent).catch(() => undefined)) }),
  );
  const all = looks.map(({ text }) => text ?? '').join('\n');
  const arrived = (kind: Made['kind']) => [
    ...new Set(made.filter((one) => one.kind === kind && all.includes(one.mark)).map(({ name }) => name)),
  ];
  const ofPath = (path: string) => looks.filter(({ sent }) => sent.path === path);
  const answering = paths.some((path) => ofPath(path).some(({ text }) => text !== undefined));
  return {
    showsHeaders: paths.some((path) => ofPath(path).every(({ text }) => text?.includes(seesHeader))),
    showsCookies: all.includes(seesCookie),
    identities: arrived('identities'),
    addresses: arrived('addresses'),
    cookies: arrived('cookies'),
    showsKey: all.includes(find.key),
    ...(!answering && {
      unseen:
        paths.length === 0
          ? 'not seen: the app has no path without a sign-in whose answer could show it'
          : 'not seen: no path without a sign-in gave an answer',
    }),
  };
}

/** Headers and body in one text; undefined: the app gave no answer. */
function textOf(got: Got | undefined): string | undefined {
  if (!got || got.message.statusCode >= 300) return undefined;
  return `${got.message.rawHeaders.join('\n')}\n${got.text}`;
}

function madeUp({ wantedNames, identityNames, addressNames, cookieNames, forged }: EchoToFind): Made[] {
  const names = [
    ...wantedNames.flatMap((name) => [...spellings(name), name, name]).map(as('identities')),
    ...identityNames.flatMap((name) => [name, name.replaceAll('-', '_')]).map(as('identities')),
    ...addressNames.map(as('addresses')),
    ...cookieNames.map(as('cookies')),
  ];
  // Letters at both ends: one mark is never the beginning of another.
  return names.map(({ name, kind, isRepeated }, i) => {
    const mark = `${forged}m${i}m`;
    return { name, kind, mark, value: isRepeated ? `someone, ${mark}` : mark };
  });
}

const as = (kind: Made['kind']) => (name: string, i: number, all: readonly string[]) => ({
  name,
  kind,
  isRepeated: all.indexOf(name) !== i,
});

/** Every way of writing a header that an app may take for this one. */
function spellings(name: string): string[] {
  const parts = name.split('-').slice(0, 5);
  const rest = name
    .split('-')
    .slice(5)
    .map((part) => `-${part}`)
    .join('');
  const spelt = Array.from({ length: 2 ** (parts.length - 1) }, (_, bits) =>
    parts.map((part, i) => (i === 0 ? part : `${bits & (2 ** (i - 1)) ? '_' : '-'}${part}`)).join(''),
  );
  return [
    ...spelt.flatMap((one) => [one + rest, (one + rest).toLowerCase(), (one + rest).toUpperCase()]),
    name.replaceAll('-', '.'),
  ];
}

function chunks<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));
}
