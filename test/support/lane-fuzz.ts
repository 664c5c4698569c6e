// Sends changed requests to the fast lane and to the ordinary handlers of the same app, and compares the answers.
import { createHash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createKeyring } from '../../src/crypto/keyring.ts';
import { digest, randomToken } from '../../src/crypto/tokens.ts';
import { bothWays, textOf } from './both-ways.ts';
import { type Desk, type StoreKind, startDesk, type TestPerson } from './desk.ts';
import { cookieHeader, sessionIdOf, sessionName, visitorName } from './hostile.ts';
import { type Draft, type Material, mutate, write } from './lane-mutations.ts';
import { createPipeline, type Pipeline } from './pipelined.ts';
import type { RawResponse } from './raw.ts';
import { createSeeded, type Seeded } from './seeded.ts';

export interface FuzzOptions {
  readonly store: StoreKind;
  /** `observe`: what a request changes about its session is seen by the next one, so none are sent together. */
  readonly binding: 'off' | 'observe';
  readonly count: number;
  readonly seed: number;
  readonly onProgress?: (sent: number) => void;
}

export interface FuzzResult {
  readonly sent: number;
  /** Of these, how many the fast lane answered. */
  readonly fast: number;
  /** How many of each status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** At most ten: the request, and both answers. */
  readonly differences: readonly string[];
  /** Requests with a status of 500 or more, at most ten. */
  readonly failures: readonly string[];
  /** By how much the heap grew after the first third, in bytes. */
  readonly grownBytes: number;
}

const agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const formerKey = createHash('sha256').update('a former key').digest('hex');
const formerSecret = createHash('sha256').update('a former secret of the gate').digest('hex');
/** Browsers that send at the same time, each with a session of its own. */
const browsers = 12;
/** Names a request in both answers; the fast lane ignores such a header. */
const serialName = 'x-serial';
/** Of the examples that are kept. */
const atMost = 10;

/** @throws if a browser cannot sign in */
export async function fuzzLane(options: FuzzOptions): Promise<FuzzResult> {
  const { store, binding, count, seed, onProgress = () => {} } = options;
  // Hardly moves: nothing becomes due for a touch or for a new id, so that both answers are about the same state.
  const at = Date.now();
  let passedMs = 0;
  const desk = await startDesk({
    store,
    clock: () => at + passedMs,
    settings: {
      SECRET_KEY_FALLBACKS: formerKey,
      GATE_SECRET_FALLBACKS: formerSecret,
      SESSION_BINDING: binding,
      SESSION_MAX_PER_USER: '0',
      ADMIN_EMAILS: personOf(0).email,
      LOG_LEVEL: 'silent',
    },
  });
  const aside = new Set<string>();
  const ways = await bothWays(desk, (req) => aside.add(String(req.headers[serialName])));
  const random = createSeeded(seed);
  const statuses: Record<string, number> = {};
  const differences: string[] = [];
  const failures: string[] = [];
  let left = count;
  let serial = 0;
  let sent = 0;
  let fastCount = 0;
  let people = 0;
  let heapAtFirst: number | undefined;
  // Every other one has a cookie of oauth2-proxy.
  const signIn = () => signedIn(desk, personOf(people++), people % 2 === 0 ? at - 60_000 : undefined);

  /** Sends them together. @returns the answers, and which of them the fast lane gave */
  async function ask(pipe: Pipeline, port: number, drafts: readonly Draft[]) {
    const serials = drafts.map(() => String(serial++));
    const answers = await pipe.ask(
      drafts.map((draft, i) => ({
        text: write({ ...draft, headers: [...draft.headers, [serialName, serials[i] ?? '']] }, port),
        isHead: draft.method === 'HEAD',
      })),
    );
    return answers.map((answer, i) => ({
      answer,
      isFast: answer?.status === 200 && !aside.delete(serials[i] ?? ''),
    }));
  }

  function compare(
    draft: Draft,
    fast: RawResponse | undefined,
    ordinary: RawResponse | undefined,
    group: readonly Draft[],
  ): void {
    sent += 1;
    const status = String(fast?.status ?? 'none');
    statuses[status] = (statuses[status] ?? 0) + 1;
    const [first, second] = [textOrNone(fast, ways.ports.lane), textOrNone(ordinary, ways.ports.ordinary)];
    const request = () => {
      const before = group.slice(0, group.indexOf(draft));
      return [...before, draft].map((one) => write(one, ways.ports.lane).slice(0, 3_000)).join('');
    };
    if (first !== second && differences.length < atMost)
      differences.push(`${request()}--- the fast lane\n${first}\n--- the ordinary handlers\n${second}`);
    if ((fast?.status ?? 0) >= 500 && failures.length < atMost) failures.push(`${request()}---\n${first}`);
    if (sent % 1_000 === 0) onProgress(sent);
    if (sent >= count / 3) heapAtFirst ??= heapBytes();
  }

  /** A cookie is set again once in a millisecond. */
  const pass = (group: readonly Draft[]) => {
    if (group.some(({ isSignedAgain }) => isSignedAgain)) passedMs += 1;
  };

  async function browse(own: Seeded): Promise<void> {
    let me = await signIn();
    let victim = await signIn();
    const lane = createPipeline(ways.ports.lane);
    const ordinary = createPipeline(ways.ports.ordinary);
    while (left > 0) {
      const size = Math.min(left, binding === 'off' && own.chance(0.5) ? 2 + own.int(5) : 1);
      left -= size;
      const material = materialOf(desk, me, victim, at);
      const drafts = Array.from({ length: size }, () => mutate(me.headers, material, own));
      for (const group of groupsOf(drafts)) {
        pass(group);
        const first = await ask(lane, ways.ports.lane, group);
        pass(group);
        const second = await ask(ordinary, ways.ports.ordinary, group);
        for (const [i, draft] of group.entries()) compare(draft, first[i]?.answer, second[i]?.answer, group);
        if (group.some(({ isLast }) => isLast)) for (const pipe of [lane, ordinary]) pipe.close();
        fastCount += first.filter(({ isFast }) => isFast).length;
        if (first.every(({ isFast }) => isFast)) continue;
        // Some of what is sent ends the session that it uses, as it must.
        if (group.some(({ usesVictim }) => usesVictim)) victim = await signIn();
        const [check] = await ask(lane, ways.ports.lane, [unchanged(me.headers)]);
        if (check?.answer?.status !== 200) me = await signIn();
      }
    }
    lane.close();
    ordinary.close();
  }

  try {
    await Promise.all(Array.from({ length: browsers }, () => browse(createSeeded(random.int(2 ** 32)))));
    const grownBytes = heapBytes() - (heapAtFirst ?? 0);
    return { sent, fast: fastCount, statuses, differences, failures, grownBytes };
  } finally {
    await ways.close();
    await desk.close();
  }
}

const personOf = (i: number): TestPerson => ({
  id: `2${String(i).padStart(20, '0')}`,
  email: `p${i}@example.org`,
});

interface Browser {
  readonly person: TestPerson;
  readonly headers: Draft['headers'];
  readonly session: string;
  readonly id: string;
  readonly visitor: string;
}

/** Each person has their own, because one that was ended with a session is refused for everyone. */
const gateCookie = ({ id }: TestPerson, issuedAt: number, payload = '') =>
  `${Buffer.from(`${id}${payload}`).toString('base64')}|${Math.floor(issuedAt / 1_000)}|${'s'.repeat(43)}=`;

async function signedIn(desk: Desk, person: TestPerson, gateIssuedAt: number | undefined): Promise<Browser> {
  const browser = desk.browser(person, { 'user-agent': agent });
  if (gateIssuedAt !== undefined)
    browser.cookies.set(desk.config.gate.cookie.name, gateCookie(person, gateIssuedAt));
  const page = await browser.ask('/dashboard');
  if (page.status !== 200) throw new Error(`sign-in answered ${page.status}`);
  // The first use of a new session is noted.
  await browser.ask('/api/me');
  return {
    person,
    headers: [
      ['host', new URL(desk.config.publicOrigin).host],
      ...Object.entries(desk.gateHeaders(person)),
      ['user-agent', agent],
      ['cookie', cookieHeader(browser)],
    ],
    session: browser.cookies.get(sessionName) ?? '',
    id: sessionIdOf(browser),
    visitor: browser.cookies.get(visitorName) ?? '',
  };
}

function materialOf(desk: Desk, me: Browser, victim: Browser, at: number): Material {
  const { config } = desk;
  const [current = '', former = ''] = config.secretKeys;
  const signed = (key: string, id: string) => {
    const mac = createKeyring([key]).mac('session cookie', id);
    const standard = Buffer.from(mac, 'base64url').toString('base64').replace(/=+$/, '');
    return `s%3A${id}.${encodeURIComponent(standard)}`;
  };
  const [rowKey = ''] = me.id.split('.');
  const visitorBody = me.visitor.slice(0, me.visitor.lastIndexOf('.'));
  const basic = (id: string, secret: string): readonly [string, string] => [
    'authorization',
    `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
  ];
  const { person } = me;
  return {
    cookieNames: { session: sessionName, visitor: visitorName, gate: config.gate.cookie.name },
    publicHost: new URL(config.publicOrigin).host,
    session: me.session,
    victim: victim.session,
    otherSessions: [
      signed(former, me.id),
      signed('ab'.repeat(32), me.id),
      signed(current, `${randomToken(16)}.${randomToken(32)}`),
      signed(current, `${rowKey}.${randomToken(32)}`),
      signed(current, digest(me.id)),
      me.visitor,
    ],
    visitors: [
      me.visitor,
      victim.visitor,
      `${visitorBody}.${createKeyring([former]).mac('visitor cookie', visitorBody)}`,
      visitorBody,
      'x',
      '',
    ],
    gates: [
      gateCookie(person, at - 60_000),
      gateCookie(person, at - 30_000, 'another'),
      gateCookie(person, 1_000_000, 'old'),
      gateCookie(person, at - 60_000, 'long'.repeat(800)),
      'unreadable',
      '',
    ],
    identities: [
      victim.headers,
      [basic(person.id, former), ...victim.headers],
      [basic(person.id, formerSecret)],
      [basic(person.id, 'x'.repeat(64))],
      [['x-forwarded-email', person.email.toUpperCase()]],
      [['x-forwarded-email', `${person.email},x`]],
      [['authorization', 'Bearer x']],
    ],
  };
}

const unchanged = (headers: Draft['headers']): Draft => ({
  method: 'GET',
  target: '/api/me',
  version: 'HTTP/1.1',
  headers: [...headers],
  body: '',
  isAlone: false,
  isLast: false,
  usesVictim: false,
  isSignedAgain: false,
});

/** What may share a connection is sent together. */
function groupsOf(drafts: readonly Draft[]): readonly Draft[][] {
  const groups: Draft[][] = [];
  let open: Draft[] | undefined;
  for (const draft of drafts) {
    if (draft.isAlone || !open) groups.push([draft]);
    else open.push(draft);
    open = draft.isAlone ? undefined : groups.at(-1);
  }
  return groups;
}

function textOrNone(answer: RawResponse | undefined, port: number): string {
  if (!answer) return 'no answer';
  const text = textOf(answer, port);
  if (!answer.header('set-cookie')) return text;
  // Another session may have begun for each of the two.
  return text.replaceAll(/"handle":"[\w-]+"/g, 'HANDLE').replaceAll(/"20[\d-]+T[\d:.]+Z"/g, 'TIME');
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}
