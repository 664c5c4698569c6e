// An ended session commits nothing that it has begun: its request is held open, another device ends the session, and only then the body
// arrives, or the record responds. For every route that changes something, from the route rows.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { waitFor } from '../demo/child.ts';
import type { RecordedEvent } from '../src/audit/recorder.ts';
import { createRevocationMarks } from '../src/gate/revocation-marks.ts';
import type { RouteRow } from '../src/http/routes.ts';
import { allRoutes } from '../src/wiring/all-routes.ts';
import { type Client, createClient } from './support/client.ts';
import { ada, begin, type Desk, grace, startDesk, storeKinds } from './support/desk.ts';
import { codeOf, cookieHeader, formType, gateLines, needsOf, storeContents } from './support/hostile.ts';
import { need } from './support/requirement.ts';
import { onBodyRead, type Whole, wholeParts } from './support/whole.ts';
import { startWorld, type World } from './support/world.ts';

const changes = allRoutes.filter(({ method, who }) => method !== 'GET' && who !== 'public');

/** The fields of each form; a valid body, so that the change would be made. */
const bodies: Readonly<Record<string, Record<string, string>>> = {
  '/settings': { theme: 'dark' },
  '/devices/end': { handle: 'HANDLE' },
  '/devices/not-me': { handle: 'HANDLE' },
  '/radar/end': { handle: 'GRACE' },
  '/radar/end-person': { handle: 'GRACE' },
  '/radar/end-everyone': { word: 'everyone' },
  '/access/add': { email: 'new@example.org' },
  '/access/remove': { email: 'old@example.org' },
  '/app-rules/allow': { app: 'wiki', who: 'family' },
  '/app-rules/remove': { app: 'wiki', who: 'everyone' },
  '/privacy/erase': { confirm: ada.email },
  '/privacy/find': { email: grace.email },
  '/vault/load': { text: 'JSESSIONID=0123456789' },
  '/vault/clear': { id: 'ENTRY' },
  '/library/exports': { space: 'DOC', format: 'markdown' },
};

/** The routes that are recorded before they act, with the bodies above. */
const recordedFirst = [
  'POST /logout',
  'POST /devices/end',
  'POST /devices/end-others',
  'POST /devices/not-me',
  'POST /api/sessions/revoke-others',
  'DELETE /api/sessions/:handle',
  'POST /radar/end',
  'POST /radar/end-person',
  'POST /radar/end-everyone',
  'DELETE /api/admin/sessions/:handle',
  'POST /api/admin/users/:id/revoke',
  'POST /access/add',
  'POST /access/remove',
  'POST /app-rules/allow',
  'POST /app-rules/remove',
  'POST /privacy/erase',
  'POST /vault/load',
  'POST /vault/clear',
  'POST /vault/rekey',
  'POST /library/sync',
  'POST /library/exports',
];

const refusedEvents = [
  'access.added',
  'access.removed',
  'app.allowed',
  'app.withdrawn',
  'confluence.sync_started',
  'library.exported',
  'privacy.erased',
  'session.revoked',
  'vault.cleared',
  'vault.loaded',
  'vault.rekeyed',
];

type SignedIn = Awaited<ReturnType<typeof begin>>;

for (const store of storeKinds) {
  suite(`requests of ended sessions on ${store}`, await needsOf(store), () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-ended-'));
    let whole: Whole;
    let desk: Desk;
    /** Delays the next event until it is released. */
    let held: (() => void) | undefined;
    let holdNext: (() => void) | undefined;
    before(async () => {
      whole = wholeParts({
        write: (event) => desk.recorder.write(event),
        writeEnding: (event) => desk.recorder.writeEnding(event),
        note: (event) => desk.recorder.note(event),
      });
      desk = await startDesk({
        store,
        parts: whole.parts,
        settings: {
          CONFLUENCE_URL: 'https://wiki.test',
          SESSION_MAX_PER_USER: '0',
          EMAILS_FILE: join(folder, 'emails.txt'),
        },
      });
      const { change } = await begin(desk, ada);
      assert.equal((await change('/access/add', { email: 'old@example.org' })).status, 303);
      assert.equal((await change('/vault/load', bodies['/vault/load'])).status, 303);
      const { recorder } = desk;
      const { write, writeEnding } = recorder;
      const wait = async () => {
        const hold = holdNext;
        holdNext = undefined;
        if (hold)
          await new Promise<void>((letGo) => {
            held = letGo;
            hold();
          });
      };
      Object.assign(recorder, {
        async write(event: RecordedEvent) {
          await wait();
          await write(event);
        },
        async writeEnding(event: RecordedEvent) {
          await wait();
          return writeEnding(event);
        },
      });
    });
    after(async () => {
      await desk.close();
      whole.close();
      rmSync(folder, { recursive: true, force: true });
    });

    /** Where a row's request goes, and what it sends: it would end another device of the same person. */
    async function requestOf({ method, path }: RouteRow, session: SignedIn) {
      const other = await begin(desk, ada, { 'user-agent': 'other' });
      const victim = await begin(desk, grace);
      const vault = await whole.parts.vault.vault.status();
      const entry = vault.kind === 'open' ? (vault.entries[0]?.id ?? '') : '';
      const handles = { HANDLE: other.handle, GRACE: victim.handle, ENTRY: entry };
      const named = path.startsWith('/api/admin') ? victim.handle : other.handle;
      const url = path.replace(':handle', named).replace(':id', grace.id);
      const fields = Object.entries(bodies[path] ?? {}).map(([key, value]): [string, string] => [
        key,
        handles[value as keyof typeof handles] ?? value,
      ]);
      const body = new URLSearchParams({
        ...Object.fromEntries(fields),
        _csrf: session.csrfToken,
      }).toString();
      return { method, url, body };
    }

    /** Resolves when the request has been admitted; `finish` sends the body and resolves to the raw response. */
    async function sendSlowly(request: { method: string; url: string; body: string; session: SignedIn }) {
      const { method, url, body, session } = request;
      const lines = [
        ...gateLines(desk, ada),
        `Host: localhost:${desk.port}`,
        `Cookie: ${cookieHeader(session.browser)}`,
        `Origin: ${desk.origin}`,
        `Content-Type: ${formType}`,
        `X-CSRF-Token: ${session.csrfToken}`,
        `Content-Length: ${body.length}`,
        'Accept: application/json',
        'Connection: close',
      ];
      const reading = onBodyRead(desk);
      const head = `${method} ${url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
      const { finish } = holdOpen(desk.port, head + body.slice(0, 4));
      await reading;
      return { finish: () => finish(body.slice(4)) };
    }

    /** Signs it out from another device of the person, as somebody does who finds a stolen session. */
    async function endFromElsewhere(handle: string): Promise<void> {
      const elsewhere = await begin(desk, ada, { 'user-agent': 'elsewhere' });
      assert.equal((await elsewhere.change('/devices/end', { handle })).status, 303);
    }

    /** Everything except what ending the session and sending requests with it change in any case. */
    const contents = async () =>
      (await storeContents(desk))
        .split('\n')
        .filter((row) => !/note|session|person|people|visitor/.test(row.split(' ')[0] ?? ''))
        .join('\n');
    const liveOf = async (id: string) => (await desk.store.sessions.ofPerson(id, desk.now())).length;

    for (const row of changes) {
      test(`${row.method} ${row.path}: the body arrives after the session ended`, async () => {
        const session = await begin(desk, ada);
        const { method, url, body } = await requestOf(row, session);
        const slow = await sendSlowly({ method, url, body, session });
        await endFromElsewhere(session.handle);
        const [before, own, others] = [await contents(), await liveOf(ada.id), await liveOf(grace.id)];
        const text = await slow.finish();
        assert.match(text, /^HTTP\/1\.1 401 /);
        assert.equal(codeOf({ text: text.slice(text.indexOf('{')) }), 'session_ended');
        assert.equal(await contents(), before);
        assert.deepEqual([await liveOf(ada.id), await liveOf(grace.id)], [own, others]);
      });
    }

    test('a change whose session was ended only at the gate', async () => {
      const session = await begin(desk, ada);
      const stamp = Math.floor(desk.now() / 1000);
      session.browser.cookies.set('__Host-_oauth2_proxy', `dGlja2V0|${stamp}|c2lnbmF0dXJl`);
      const { method, url, body } = await requestOf(
        { method: 'POST', path: '/access/add', who: 'operator', does: '' },
        session,
      );
      const slow = await sendSlowly({ method, url, body, session });
      // As another replica would mark it.
      await createRevocationMarks(desk.store.notes, desk.now, 3_600_000).endPerson(ada.id);
      const text = await slow.finish();
      assert.match(text, /^HTTP\/1\.1 401 /);
      assert.equal(codeOf({ text: text.slice(text.indexOf('{')) }), 'session_ended');
    });

    test('a change that is recorded first is not made if the session ended meanwhile, and the record says so', async () => {
      const found: string[] = [];
      for (const row of changes) {
        const session = await begin(desk, ada);
        const { method, url, body } = await requestOf(row, session);
        const holding = new Promise<void>((resolve) => {
          holdNext = resolve;
        });
        const answer = send(session.browser, method, url, body, session.csrfToken);
        const isHeld = await Promise.race([holding.then(() => true), answer.then(() => false)]);
        holdNext = undefined;
        if (!isHeld || !held) continue;
        const about = `${row.method} ${row.path}`;
        found.push(about);
        await endFromElsewhere(session.handle);
        const [own, others] = [await liveOf(ada.id), await liveOf(grace.id)];
        held();
        const { status, text } = await answer;
        assert.equal(status, 401, about);
        assert.equal(codeOf({ text }), 'session_ended', about);
        assert.deepEqual([await liveOf(ada.id), await liveOf(grace.id)], [own, others], about);
      }
      assert.deepEqual(found.sort(), [...recordedFirst].sort());
      await desk.recorder.flush();
      const last = await desk.store.record.before(Number.POSITIVE_INFINITY, 1000);
      const refused = last.filter(({ text }) => text.includes('"session_ended"'));
      const names = new Set(refused.map(({ text }) => (JSON.parse(text) as { event: string }).event));
      assert.deepEqual([...names].sort(), refusedEvents);
    });

    function send(browser: Client, method: string, url: string, body: string, token: string) {
      return browser.ask(url, {
        method,
        body,
        headers: {
          origin: desk.origin,
          'content-type': formType,
          'x-csrf-token': token,
          'content-length': String(body.length),
          accept: 'application/json',
        },
      });
    }
  });
}

/** Sends `first` and waits; `finish` sends the rest and resolves to everything that came back. */
function holdOpen(port: number, first: string) {
  const socket = connect(port, '127.0.0.1', () => socket.write(first));
  const closed = new Promise<string>((resolve, reject) => {
    let received = '';
    socket.setEncoding('utf8').on('data', (part: string) => {
      received += part;
    });
    socket.on('error', reject).on('close', () => resolve(received));
  });
  return {
    finish(rest: string) {
      socket.write(rest);
      return closed;
    },
  };
}

suite('the same through oauth2-proxy', await need('oauth2-proxy'), () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.close());

  test('an address that a stolen session was about to add is not on the list', async () => {
    const sessionsRead = async () => {
      const text = await (await fetch(`${world.opsUrl}/metrics`)).text();
      return Number(/_count\{operation="sessions_read"\} (\d+)/.exec(text)?.[1] ?? 0);
    };
    const signIn = async () => {
      const device = createClient(world.url);
      const page = await device.signIn(ada.email);
      const token = /name="_csrf" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
      const { session } = (await device.ask('/api/me')).json<{ session: { handle: string } }>();
      return { device, token, handle: session.handle };
    };
    const [thief, owner] = [await signIn(), await signIn()];
    const port = Number(new URL(world.url).port);
    const fields = new URLSearchParams({ _csrf: thief.token, email: 'stranger@example.org' }).toString();
    const lines = [
      `Host: localhost:${port}`,
      `Cookie: ${cookieHeader(thief.device)}`,
      `Origin: ${world.url}`,
      `Content-Type: ${formType}`,
      `Content-Length: ${fields.length}`,
      'Accept: application/json',
      'Connection: close',
    ];
    const head = `POST /access/add HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
    const before = await sessionsRead();
    const { finish } = holdOpen(port, head + fields.slice(0, 4));
    // Once the app has read its session, it has been admitted: nothing else sends requests meanwhile.
    await waitFor('the request to be admitted', async () => (await sessionsRead()) > before);
    const ended = await owner.device.ask('/devices/end', {
      method: 'POST',
      body: new URLSearchParams({ _csrf: owner.token, handle: thief.handle }).toString(),
      headers: { origin: world.url, 'content-type': formType },
    });
    assert.equal(ended.status, 303);
    const text = await finish(fields.slice(4));
    assert.match(text, /^HTTP\/1\.1 401 /);
    assert.match(text, /"session_ended"/);
    assert.doesNotMatch(readFileSync(world.emailsFile, 'utf8'), /stranger/);
  });
});
