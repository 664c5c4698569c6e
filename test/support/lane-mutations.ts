// Changes a request of a signed-in browser in every way that could make the fast lane read it differently from the ordinary handlers.
import type { Seeded } from './seeded.ts';

type Header = readonly [name: string, value: string];

/** A request before it is written out. */
export interface Draft {
  method: string;
  target: string;
  version: string;
  headers: Header[];
  body: string;
  /** May end its connection or its session, or leave it unclear where the next request begins: sent on its own. */
  isAlone: boolean;
  /** Announces a body that may not come, or another protocol: the server would read the next request in another way. */
  isLast: boolean;
  /** Uses another person's session, which that ends. */
  usesVictim: boolean;
  /** Its session is signed by another key: the answer sets the cookie again, unless that was done in the same millisecond. */
  isSignedAgain: boolean;
}

/** What the changes are made of. */
export interface Material {
  readonly cookieNames: { readonly session: string; readonly visitor: string; readonly gate: string };
  readonly publicHost: string;
  /** Of the sender. */
  readonly session: string;
  /** Of another person. */
  readonly victim: string;
  /** The session of the sender, signed by a former key; an unknown id, and a wrong secret of the sender's own, signed by the current key. */
  readonly otherSessions: readonly string[];
  readonly visitors: readonly string[];
  /** Values of oauth2-proxy's cookie: in order, old, unreadable. */
  readonly gates: readonly string[];
  /** Header lines of other people, of the sender with a former secret, and of the sender with a wrong one. */
  readonly identities: readonly (readonly Header[])[];
}

type Mutation = (draft: Draft, material: Material, random: Seeded) => void;

const letters = 'abcXYZ019 -_.=;,"\'%/\\\t\u00a0\u00e9\u00ff|~<>()@:?&#+*';

function placeOf(draft: Draft, name: string): number {
  return draft.headers.findIndex(([own]) => own.toLowerCase() === name);
}

function setHeader(draft: Draft, name: string, value: string): void {
  const at = placeOf(draft, name);
  if (at < 0) draft.headers.push([name, value]);
  else draft.headers[at] = [draft.headers[at]?.[0] ?? name, value];
}

/** Changes one to three places of `text`. */
function damage(text: string, random: Seeded): string {
  let out = text;
  for (let left = 1 + random.int(3); left > 0; left--) {
    const at = random.int(out.length + 1);
    const letter = letters[random.int(letters.length)] ?? '';
    const kind = random.int(6);
    if (kind === 0) out = out.slice(0, at);
    else if (kind === 1) out = out.slice(0, at) + out.slice(at + 1);
    else if (kind === 2) out = out.slice(0, at) + letter + out.slice(at);
    else if (kind === 3) out = out.slice(0, at) + letter + out.slice(at + 1);
    else if (kind === 4) out = out.slice(0, at) + percent(out[at] ?? '') + out.slice(at + 1);
    else out = out.slice(0, at) + swapCase(out[at] ?? '') + out.slice(at + 1);
  }
  return out;
}

const percent = (letter: string) =>
  letter === '' ? '%' : `%${letter.charCodeAt(0).toString(16).padStart(2, '0')}`;
const swapCase = (text: string) => (text === text.toLowerCase() ? text.toUpperCase() : text.toLowerCase());
const oddCase = (text: string, random: Seeded) =>
  [...text].map((letter) => (random.chance(0.5) ? swapCase(letter) : letter)).join('');

const identityNames = ['authorization', 'x-forwarded-user', 'x-forwarded-email'];

const changeMethod: Mutation = (draft, _, random) => {
  draft.method = random.pick([
    'HEAD',
    'HEAD',
    'POST',
    'PUT',
    'PATCH',
    'DELETE',
    'OPTIONS',
    'TRACE',
    'get',
    'LINK',
    'PRI',
  ]);
  if (draft.method === 'get' || draft.method === 'PRI') draft.isAlone = true;
};

const targets = [
  '/api/me?',
  '/api/me?a=1',
  '/api/me?a=1&a=2',
  '/api/me?__proto__=1',
  '/api/me/',
  '/api//me',
  '//api/me',
  '/api/me/.',
  '/api/./me',
  '/api/x/../me',
  '/api/%6de',
  '/api%2fme',
  '/API/me',
  '/api/Me',
  '/api/me;a=1',
  '/api/me%00',
  '/api/me%',
  '/api/me#a',
  '/api/me\u00e9',
  '/api/mee',
  '/api/m',
  '/api',
  '/health',
  '*',
  'http://desk.test/api/me',
  'https://desk.test/api/me',
  'http://other.test/api/me',
  'desk.test/api/me',
  `/api/me?${'a'.repeat(5_000)}`,
];
const changeTarget: Mutation = (draft, _, random) => {
  draft.target = random.pick(targets);
  // Letters outside ASCII, and a target without a slash, do not pass the parser.
  if (!/^[\x21-\x7e]*$/.test(draft.target) || /^[a-z]+\./.test(draft.target)) draft.isAlone = true;
};

const changeVersion: Mutation = (draft, _, random) => {
  draft.version = random.pick(['HTTP/1.0', 'HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'http/1.1', 'HTTP/1.1 ', '']);
  draft.isAlone = true;
};

const changeName: Mutation = (draft, _, random) => {
  const at = random.int(draft.headers.length);
  const [name, value] = draft.headers[at] ?? ['a', ''];
  const spellings = [
    oddCase(name, random),
    oddCase(name, random),
    name.toUpperCase(),
    name.replaceAll('-', '_'),
    `${name}-`,
    `x-${name}`,
    `${name}x`,
  ];
  draft.headers[at] = [random.pick(spellings), value];
  if (placeOf(draft, 'host') < 0) draft.isAlone = true;
};

const doubleHeader: Mutation = (draft, material, random) => {
  const [name, value] = random.pick(draft.headers);
  const other = random.pick(material.identities).find(([own]) => own === name)?.[1];
  const twin: Header = [
    random.chance(0.3) ? oddCase(name, random) : random.chance(0.2) ? name.replaceAll('-', '_') : name,
    random.pick([value, '', damage(value, random), other ?? value]),
  ];
  if (random.chance(0.5)) draft.headers.push(twin);
  else draft.headers.unshift(twin);
  if (/^host$/i.test(name)) draft.isAlone = true;
};

const dropHeader: Mutation = (draft, _, random) => {
  const [removed] = draft.headers.splice(random.int(draft.headers.length), 1);
  if (/^host$/i.test(removed?.[0] ?? '')) draft.isAlone = true;
};

const moveHeader: Mutation = (draft, _, random) => {
  const [moved] = draft.headers.splice(random.int(draft.headers.length), 1);
  if (moved) draft.headers.splice(random.int(draft.headers.length + 1), 0, moved);
};

const joinByComma: Mutation = (draft, material, random) => {
  const at = random.int(draft.headers.length);
  const [name, value] = draft.headers[at] ?? ['a', ''];
  const other = random.pick(material.identities).find(([own]) => own === name)?.[1] ?? value;
  draft.headers[at] = [
    name,
    random.pick([`${value}, ${other}`, `${other},${value}`, `${value},`, `,${value}`]),
  ];
};

const damageValue: Mutation = (draft, _, random) => {
  const at = random.int(draft.headers.length);
  const [name, value] = draft.headers[at] ?? ['a', ''];
  draft.headers[at] = [
    name,
    random.pick([damage(value, random), ` ${value}\t`, '', `"${value}"`, swapCase(value)]),
  ];
};

const otherIdentity: Mutation = (draft, material, random) => {
  const lines = random.pick(material.identities);
  const names = random.chance(0.5) ? identityNames : [random.pick(identityNames)];
  // Another person with this session ends it.
  draft.isAlone = true;
  for (const [name, value] of lines) if (names.includes(name)) setHeader(draft, name, value);
};

const changeCookies: Mutation = (draft, material, random) => {
  const { cookieNames, session } = material;
  const header = draft.headers[placeOf(draft, 'cookie')]?.[1] ?? '';
  const pieces = header === '' ? [] : header.split('; ');
  const at = random.int(Math.max(1, pieces.length));
  const piece = pieces[at] ?? '';
  const own = pieces.findIndex((text) => text.startsWith(`${cookieNames.session}=`));
  const replaceSession = (value: string) => {
    if (own < 0) pieces.push(`${cookieNames.session}=${value}`);
    else pieces[own] = `${cookieNames.session}=${value}`;
  };
  const ways: (() => void)[] = [
    () => pieces.push(piece),
    () => pieces.unshift(damage(piece, random)),
    () => pieces.reverse(),
    () => pieces.splice(at, 1),
    () => pieces.splice(at, 1, damage(piece, random)),
    () => pieces.splice(at, 1, piece.slice(0, random.int(piece.length + 1))),
    () => pieces.splice(at, 1, piece.replace('=', random.pick([' = ', '==', '', '=\t', '= ']))),
    () => pieces.splice(at, 1, piece.replace(/=(.*)/, '="$1"')),
    () => pieces.splice(at, 1, `${random.pick(['\u00a0', ' ', '\t', '\u00ff', '%20', '$'])}${piece}`),
    () =>
      pieces.splice(
        at,
        1,
        piece.replace('__Host-', random.pick(['__host-', '', '__Secure-', '__Host-__Host-'])),
      ),
    () =>
      pieces.splice(
        random.int(pieces.length + 1),
        0,
        random.pick(['a=b', '', ';', '=', 'a', '$Version=1', 'x="a;b"']),
      ),
    () => replaceSession(decodeURIComponent(session)),
    () => replaceSession(session.replaceAll(/%../g, (code) => code.toLowerCase())),
    () =>
      replaceSession([...session].map((letter) => (random.chance(0.1) ? percent(letter) : letter)).join('')),
    () => replaceSession(`${session}${random.pick(['=', '%3D', ' ', '.', '%00', 'A'])}`),
    () => replaceSession(session.replace(/^s%3A/, random.pick(['s:', 'S%3A', '', 'j%3A', 's%3As%3A']))),
    () => {
      // A wrong secret counts as a copy of an id that was replaced, which ends the session.
      draft.isAlone = true;
      draft.isSignedAgain = true;
      replaceSession(random.pick(material.otherSessions));
    },
    () => {
      draft.isAlone = true;
      draft.usesVictim = true;
      if (random.chance(0.7)) replaceSession(material.victim);
      else pieces.push(`${cookieNames.session}=${material.victim}`);
    },
    () => pieces.push(`${cookieNames.visitor}=${random.pick(material.visitors)}`),
    () => {
      const place = pieces.findIndex((text) => text.startsWith(`${cookieNames.visitor}=`));
      pieces.splice(
        Math.max(0, place),
        place < 0 ? 0 : 1,
        `${cookieNames.visitor}=${random.pick(material.visitors)}`,
      );
    },
    () => pieces.push(`long=${'x'.repeat(random.pick([500, 5_000]))}`),
  ];
  random.pick(ways)();
  setHeader(draft, 'cookie', pieces.join(random.pick(['; ', '; ', '; ', ';', ' ; ', ', ', '\t;'])));
};

const gateCookie: Mutation = (draft, material, random) => {
  const { gate } = material.cookieNames;
  // The session remembers it, and says so in the next answer.
  draft.isAlone = true;
  const value = random.pick(material.gates);
  const cut = random.int(value.length + 1);
  const parts = [`${gate}_0=${value.slice(0, cut)}`, `${gate}_1=${value.slice(cut)}`];
  const pieces = random.pick([
    [`${gate}=${value}`],
    [`${gate}=${value}`],
    [`${gate}="${value}"`],
    [`${gate}=${damage(value, random)}`],
    [`${gate}=${value}`, `${gate}=${random.pick(material.gates)}`],
    parts,
    parts.toReversed(),
    [`${gate}_0=${value}`],
    [`${gate}_1=${value}`],
    [`${gate}=${value}`, ...parts],
    [...parts, `${gate}_2=x`],
    [`${gate}_0="${value.slice(0, cut)}"`, `${gate}_1="${value.slice(cut)}"`],
    [`${gate}`],
    [`${gate}=`],
  ]);
  const header = draft.headers[placeOf(draft, 'cookie')]?.[1] ?? '';
  setHeader(draft, 'cookie', [header, ...pieces].filter((text) => text !== '').join('; '));
};

const addresses = [
  '127.0.0.1',
  '127.0.0.1',
  '192.0.2.9',
  '198.51.100.7',
  '10.0.0.1',
  '::1',
  '::ffff:127.0.0.1',
  '2001:db8::1',
  '[2001:db8::1]:443',
  '192.0.2.9:80',
  'unknown',
  '_hidden',
  '',
  ' ',
  '999.1.1.1',
  '1',
  '0x7f.1',
  '127.0.0.1%lo',
  'fe80::1%eth0',
  '\u00a0127.0.0.1',
  'a'.repeat(300),
];
/** A chain of addresses as proxies write it, with junk. */
export const forwardedChain = (random: Seeded): string =>
  Array.from({ length: 1 + random.int(4) }, () => random.pick(addresses)).join(
    random.pick([', ', ',', ' ,', ';', ' ', ',\t']),
  );
const forwardedFor: Mutation = (draft, _, random) => {
  setHeader(draft, 'x-forwarded-for', forwardedChain(random));
};

const changeHost: Mutation = (draft, { publicHost }, random) => {
  const hosts = [
    publicHost,
    publicHost.toUpperCase(),
    `${publicHost}:443`,
    `${publicHost}:80`,
    `${publicHost}:`,
    `${publicHost}.`,
    `a@${publicHost}`,
    `${publicHost}, ${publicHost}`,
    `${publicHost}/`,
    'localhost:{port}',
    'LOCALHOST:{port}',
    '127.0.0.1:{port}',
    '[::1]:{port}',
    'localhost',
    'localhost:1',
    'other.test',
    '',
    'xn--',
    '\u00e9.test',
  ];
  setHeader(draft, 'host', random.pick(hosts));
};

const unusual: readonly Header[] = [
  ['if-none-match', '*'],
  ['if-none-match', '"a"'],
  ['if-modified-since', 'Sat, 28 Nov 2026 00:00:00 GMT'],
  ['if-match', '"a"'],
  ['if-unmodified-since', 'Sat, 28 Nov 2026 00:00:00 GMT'],
  ['if-range', '"a"'],
  ['range', 'bytes=0-1'],
  ['content-length', '0'],
  ['content-type', 'application/json'],
  ['content-type', 'text/plain; charset=x'],
  ['content-encoding', 'gzip'],
  ['te', 'trailers'],
  ['trailer', 'a'],
  ['expect', '100-continue'],
  ['upgrade', 'h2c'],
  ['sec-fetch-site', 'cross-site'],
  ['sec-fetch-site', 'same-site'],
  ['sec-fetch-site', 'same-origin'],
  ['sec-fetch-site', 'Cross-Site'],
  ['sec-fetch-site', 'none'],
  ['sec-fetch-dest', 'document'],
  ['sec-fetch-dest', 'iframe'],
  ['sec-fetch-dest', 'empty'],
  ['sec-fetch-mode', 'navigate'],
  ['accept', 'text/html'],
  ['accept', 'application/json'],
  ['accept-encoding', 'gzip, br'],
  ['origin', 'https://other.test'],
  ['referer', 'https://other.test/'],
  ['forwarded', 'for=192.0.2.1'],
  ['x-real-ip', '192.0.2.1'],
  ['x-forwarded-host', 'other.test'],
  ['x-forwarded-proto', 'http'],
  ['x-http-method-override', 'DELETE'],
  ['x-csrf-token', 'x'],
  ['x-request-id', 'a b'],
  ['cache-control', 'no-cache'],
  ['pragma', 'no-cache'],
  ['connection', 'keep-alive'],
  ['connection', 'X-Forwarded-User'],
  ['proxy-authorization', 'Basic YTpi'],
  ['cookie2', '$Version=1'],
  ['purpose', 'prefetch'],
  ['__proto__', 'x'],
  ['constructor', 'x'],
];
const addHeader: Mutation = (draft, _, random) => {
  const [name, value] = random.pick(unusual);
  const header: Header = [random.chance(0.3) ? oddCase(name, random) : name, value];
  if (random.chance(0.5)) draft.headers.push(header);
  else draft.headers.unshift(header);
};

const alone: readonly ((draft: Draft) => void)[] = [
  ({ headers }) => headers.push(['connection', 'close']),
  ({ headers }) => headers.push(['Connection', 'close, X-Forwarded-User']),
  ({ headers }) => headers.push(['Connection', 'Upgrade'], ['Upgrade', 'websocket']),
  ({ headers }) => headers.push(['expect', 'x']),
  ({ headers }) => headers.push(['transfer-encoding', 'gzip']),
  ({ headers }) => headers.push(['transfer-encoding', 'chunked'], ['content-length', '5']),
  ({ headers }) => headers.push(['content-length', '0'], ['content-length', '0']),
  ({ headers }) => headers.push(['content-length', '-1']),
  ({ headers }) => headers.push(['cookie ', 'a=b']),
  ({ headers }) => headers.push(['a b', 'c']),
  ({ headers }) => headers.push(['', 'a']),
  ({ headers }) => headers.push(['x-a', 'b\r\n c: d']),
  ({ headers }) => headers.push(['x-a', 'b\nx-forwarded-user: c']),
  ({ headers }) => headers.push(['x-a', 'b\u0000']),
  ({ headers }) => headers.push(['x-long', 'x'.repeat(40_000)]),
  (draft) => {
    draft.headers.push(['content-length', '5']);
    draft.body = 'hello';
  },
  (draft) => {
    draft.headers.push(['content-type', 'application/x-www-form-urlencoded'], ['content-length', '3']);
    draft.body = 'a=b';
  },
  (draft) => {
    draft.headers.push(['transfer-encoding', 'chunked']);
    draft.body = '5\r\nhello\r\n0\r\n\r\n';
  },
];
const onItsOwn: Mutation = (draft, _, random) => {
  random.pick(alone)(draft);
  draft.isAlone = true;
};

/** Those in which the lane and Express could most easily differ come more often. */
const mutations: readonly Mutation[] = [
  changeMethod,
  changeTarget,
  changeVersion,
  changeName,
  changeName,
  doubleHeader,
  doubleHeader,
  dropHeader,
  moveHeader,
  joinByComma,
  damageValue,
  damageValue,
  otherIdentity,
  otherIdentity,
  changeCookies,
  changeCookies,
  changeCookies,
  changeCookies,
  gateCookie,
  gateCookie,
  forwardedFor,
  changeHost,
  addHeader,
  addHeader,
  onItsOwn,
];

/** `base` with up to three changes; one in twenty stays as it is. */
export function mutate(base: readonly Header[], material: Material, random: Seeded): Draft {
  const draft: Draft = {
    method: 'GET',
    target: '/api/me',
    version: 'HTTP/1.1',
    headers: [...base],
    body: '',
    isAlone: false,
    isLast: false,
    usesVictim: false,
    isSignedAgain: false,
  };
  const changes = random.chance(0.05) ? 0 : random.pick([1, 1, 1, 1, 2, 2, 3]);
  for (let i = 0; i < changes; i++)
    if (draft.headers.length > 0) random.pick(mutations)(draft, material, random);
  if (draft.headers.some(([name]) => /length|transfer|upgrade/i.test(name))) {
    draft.isAlone = true;
    draft.isLast = true;
  }
  return draft;
}

/** @param port replaces `{port}` */
export function write({ method, target, version, headers, body }: Draft, port: number): string {
  const lines = headers.map(([name, value]) => `${name}: ${value}`);
  return `${[`${method} ${target} ${version}`, ...lines].join('\r\n')}\r\n\r\n${body}`.replaceAll(
    '{port}',
    String(port),
  );
}
