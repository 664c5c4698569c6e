// Looks at an app behind the guard from outside, as somebody who has not signed in. Nothing that it sends changes anything.
import { randomBytes } from 'node:crypto';
import type { AppAnswer, AppRequest, AppView, FrontFacts, Known } from '../deployment.ts';
import { type EchoToFind, lookForEcho } from './app-echo.ts';
import { tryDirect, tryPlain } from './app-elsewhere.ts';
import { codeOf, type Got, inTurn, type Place, readAnswer, type Sent, send } from './app-request.ts';

export interface AppToAsk
  extends Pick<EchoToFind, 'wantedNames' | 'identityNames' | 'addressNames' | 'cookieNames' | 'key'> {
  readonly name: string;
  readonly origin: string;
  readonly deskOrigin: string;
  readonly publicPaths: readonly { readonly kind: 'exact' | 'below'; readonly path: string }[];
  readonly others: readonly { readonly name: string; readonly origin: string }[];
  readonly ownRules: string;
  /** The path and query of a question to the guard. */
  readonly question: (nonce: string) => string;
  /** undefined: it is not the guard's answer to that question. */
  readonly answer: (text: string, nonce: string) => Omit<FrontFacts, 'asked'> | undefined;
}

export interface AppPlaces {
  /** An address of the same front, in place of the app's own. */
  readonly front?: string | undefined;
  /** Where the app itself listens. */
  readonly direct?: string | undefined;
  /** A path of the app, without a sign-in, whose answer shows the headers that it gets. */
  readonly echo?: string | undefined;
  /** For tests: a certificate to trust, where plain http would be, where the desk is, and this machine's addresses. */
  readonly ca?: string | undefined;
  readonly plain?: string;
  readonly desk?: string;
  readonly ownAddresses?: () => readonly string[];
}

const page = ['Accept', 'text/html', 'Sec-Fetch-Mode', 'navigate', 'Sec-Fetch-Dest', 'document'];
const script = ['Accept', '*/*', 'Sec-Fetch-Mode', 'cors', 'Sec-Fetch-Dest', 'empty'];
const othersAtMost = 50;
const replicasAsked = 6;

export async function lookAtApp(app: AppToAsk, places: AppPlaces): Promise<AppView> {
  const { name, origin, deskOrigin } = app;
  const at = places.front ?? origin;
  const place: Place = { at, origin, ca: places.ca };
  const forged = `f${randomBytes(6).toString('hex')}`;
  const path = `/doctor-${forged}?a=1&b=2`;
  const desk = { deskOrigin, app: name };
  const requests = requestsOf(app, forged, path);
  let first: Got;
  try {
    first = await send(place, requests.page);
  } catch (error) {
    return unreachable(app, at, codeOf(error));
  }
  const answer = async (sent: Sent): Promise<AppAnswer | undefined> =>
    send(place, sent).then(
      (got) => readAnswer(sent, got, desk),
      () => undefined,
    );
  const answersTo = (list: readonly Sent[]) => inTurn(list, 4, answer);
  const rest = (Object.keys(requests) as AppRequest[]).filter((one) => one !== 'page');
  const found = await inTurn(rest, 4, async (one) => [one, await answer(requests[one])] as const);
  const front = await askGuard(app, place);
  const forgedFront = await askGuard(app, place, forgedForTheGuard(forged));
  const more = await inTurn(Array.from({ length: replicasAsked }), 2, () => askGuard(app, place));
  const { others, silentOthers } = await askOthers(app, places);
  return {
    ...{ name, origin, at, path, forged },
    ...(first.certificateFault !== undefined && { certificateFault: first.certificateFault }),
    answers: {
      page: readAnswer(requests.page, first, desk),
      ...Object.fromEntries(found.filter(([, one]) => one)),
    },
    oddPaths: await answersTo(oddPathsOf(app)),
    deskPaths: await answersTo(deskPathsOf(app)),
    echo: await lookForEcho(place, { ...app, forged, paths: echoPathsOf(app, places.echo) }),
    ...{ front, forgedFront, others, silentOthers },
    guardAtDesk: await guardAtDesk(app, places),
    rules: [front, forgedFront, ...more].flatMap((one) => ('found' in one ? [one.found.rules] : [])),
    ownRules: app.ownRules,
    direct: await tryDirect(places.direct, origin, desk, places.ownAddresses),
    plain: await plainOf(app, places),
  };
}

function requestsOf(
  { wantedNames, identityNames, publicPaths }: AppToAsk,
  forged: string,
  path: string,
): Record<AppRequest, Sent> {
  const identity = [...wantedNames, ...identityNames].slice(0, 40);
  const open = publicPaths[0]?.path ?? `/${forged}`;
  return {
    page: { asked: 'a page', path, headers: page },
    fetch: { asked: 'a fetch', path, headers: script },
    post: {
      asked: 'a POST',
      path,
      method: 'POST',
      headers: ['Content-Length', '0', 'Accept', 'text/html'],
    },
    socket: {
      asked: 'a WebSocket',
      path,
      headers: [
        ...['Connection', 'Upgrade', 'Upgrade', 'websocket', 'Sec-WebSocket-Version', '13'],
        ...['Sec-WebSocket-Key', randomBytes(16).toString('base64')],
      ],
    },
    otherSite: { asked: 'a path like another site', path: `//${forged}.invalid/`, headers: page },
    forgedUri: {
      asked: 'a page with forged X-Forwarded headers',
      path,
      headers: [
        ...page,
        ...['X-Forwarded-Uri', open, 'X_Forwarded_Uri', open, 'X-Original-URL', open, 'X-Rewrite-URL', open],
        ...['X-Forwarded-Method', 'POST', 'X-Original-Method', 'POST'],
        ...['X-Forwarded-Host', `${forged}.invalid`, 'X-Forwarded-Proto', 'http'],
      ],
    },
    forgedKey: {
      asked: 'a page with a made-up key',
      path,
      headers: [
        ...page,
        ...['X-Guard-Key', forged, 'x-guard-key', forged, 'X_Guard_Key', forged, 'X-Guard-Front', 'traefik'],
        ...['Connection', 'close, X-Guard-Key, X-Forwarded-Uri'],
      ],
    },
    forgedIdentity: {
      asked: 'a page with a made-up identity',
      path,
      headers: [...page, ...identity.flatMap((name) => [name, forged])],
    },
  };
}

function forgedForTheGuard(forged: string): string[] {
  return [
    ...['X-Guard-Key', forged, 'x-guard-key', forged, 'X_Guard_Key', forged],
    ...[
      'X-Forwarded-Uri',
      `/${forged}`,
      'X-Forwarded-Method',
      'POST',
      'X-Forwarded-Host',
      `${forged}.invalid`,
    ],
    ...['X-Forwarded-For', forged],
  ];
}

const isPublicIn = ({ publicPaths }: AppToAsk, path: string) =>
  publicPaths.some((one) => (one.kind === 'exact' ? one.path === path : path.startsWith(one.path)));

/** Near a public path, but not public: a server that decodes or shortens it would take it for another one. */
function oddPathsOf({ publicPaths }: AppToAsk): Sent[] {
  return publicPaths.slice(0, 3).flatMap(({ kind, path }) => {
    const base = kind === 'below' ? path : `${path}/`;
    return [`${base}../doctor`, `${base}%2e%2e/doctor`, `${base}..%2fdoctor`, `${base}..;/doctor`].map(
      (odd) => ({
        asked: odd,
        path: odd,
        headers: page,
      }),
    );
  });
}

function deskPathsOf(app: AppToAsk): Sent[] {
  return ['/dashboard', '/open', '/check', '/api/me', '/oauth2/sign_in', '/oauth2/auth', '/oauth2/userinfo']
    .filter((path) => !isPublicIn(app, path))
    .map((path) => ({ asked: path, path, headers: page }));
}

function echoPathsOf({ publicPaths }: AppToAsk, echo: string | undefined): string[] {
  return [...new Set([...(echo === undefined ? [] : [echo]), ...publicPaths.map(({ path }) => path)])];
}

async function askGuard(
  { question, answer }: Pick<AppToAsk, 'question' | 'answer'>,
  place: Place,
  headers: readonly string[] = [],
): Promise<Known<FrontFacts>> {
  const nonce = randomBytes(16).toString('base64url');
  const asked = question(nonce);
  const unread = true as const;
  try {
    const { message, text } = await send(place, { asked: 'the guard', path: asked, headers });
    const facts = answer(text, nonce);
    if (facts) return { found: { ...facts, asked } };
    return {
      missing: `the guard did not answer the check-up (${message.statusCode}): the address is not the guard’s, or its server has another SECRET_KEY`,
      unread,
    };
  } catch (error) {
    return { missing: `the guard did not answer the check-up (${codeOf(error)})`, unread };
  }
}

async function askOthers(
  app: AppToAsk,
  { front, ca }: AppPlaces,
): Promise<Pick<AppView, 'others' | 'silentOthers'>> {
  const asked = await inTurn(app.others.slice(0, othersAtMost), 4, async ({ name, origin }) => ({
    name,
    facts: await askGuard(app, { at: front ?? origin, origin, ca }),
  }));
  return {
    others: asked.flatMap(({ name, facts }) =>
      'found' in facts ? [{ name, keyOf: facts.found.keyOf }] : [],
    ),
    silentOthers: asked.flatMap(({ name, facts }) => ('found' in facts ? [] : [name])),
  };
}

async function guardAtDesk(
  { deskOrigin, question, answer }: AppToAsk,
  { desk, ca }: AppPlaces,
): Promise<Known<boolean>> {
  const nonce = randomBytes(16).toString('base64url');
  try {
    const place = { at: desk ?? deskOrigin, origin: deskOrigin, ca };
    const { text } = await send(place, { asked: 'the desk', path: question(nonce) });
    return { found: answer(text, nonce) !== undefined };
  } catch (error) {
    return { missing: `not seen: the desk does not answer from here (${codeOf(error)})` };
  }
}

function plainOf(
  { origin }: AppToAsk,
  { front, plain }: AppPlaces,
): Promise<AppView['plain']> | AppView['plain'] {
  const { protocol, hostname } = new URL(origin);
  if (protocol === 'http:') return { missing: 'the app itself is on plain http' };
  if (plain === undefined && front !== undefined)
    return { missing: 'not seen: --front names another address, and not where plain http would be' };
  return tryPlain(plain ?? `http://${hostname}`, origin);
}

function unreachable({ name, origin, ownRules }: AppToAsk, at: string, code: string): AppView {
  const missing = { missing: 'the request got no answer' };
  return {
    ...{ name, origin, at, ownRules, unreachable: code },
    ...{
      path: '',
      forged: '',
      answers: {},
      oddPaths: [],
      deskPaths: [],
      others: [],
      silentOthers: [],
      rules: [],
    },
    echo: {
      ...{ showsHeaders: false, showsCookies: false, showsKey: false },
      ...{ identities: [], addresses: [], cookies: [] },
    },
    ...{ front: missing, forgedFront: missing, guardAtDesk: missing, direct: missing, plain: missing },
  };
}
