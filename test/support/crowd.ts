// Signed-in people with two tabs each, who keep sending requests over keep-alive connections, spread over several servers as a load
// balancer would: if a server refuses or resets a connection, the next one is tried; every other failure is counted.
import { Agent, type IncomingMessage, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { keepCookies } from './client.ts';
import type { TestPerson } from './desk.ts';

export interface CrowdOptions {
  readonly ports: readonly number[];
  readonly people: number;
  /** The gate's current secret. */
  readonly gateSecret: () => string;
}

export interface Crowd {
  readonly members: readonly { readonly cookies: ReadonlyMap<string, string>; readonly handle: string }[];
  readonly counts: CrowdCounts;
  /** Sends requests until `until` settles. */
  run<T>(until: Promise<T>): Promise<T>;
  close(): void;
}

export interface CrowdCounts {
  requests: number;
  /** Requests that another server took after one had refused the connection. */
  elsewhere: number;
  /** Connections that ended before a response began: RFC 9112 9.3.1 allows a proxy to retry, because all of these are GETs. */
  reset: number;
  /** Every response other than 200, by kind. */
  readonly refused: Map<string, number>;
  /** Responses in a different session than at the beginning, or in none. */
  lost: number;
}

interface Member {
  readonly person: TestPerson;
  readonly cookies: Map<string, string>;
  handle: string;
}

const pauseMs = 150;

/** Signs everyone in. */
export async function gatherCrowd({ ports, people, gateSecret }: CrowdOptions): Promise<Crowd> {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  const counts: CrowdCounts = { requests: 0, elsewhere: 0, reset: 0, refused: new Map(), lost: 0 };
  const members: Member[] = Array.from({ length: people }, (_, i) => ({
    person: { id: `${1000 + i}`, email: `person${i}@example.org` },
    cookies: new Map(),
    handle: '',
  }));
  let turn = 0;

  function ask(port: number, path: string, { person, cookies }: Member): Promise<[IncomingMessage, string]> {
    const proof = Buffer.from(`${person.id}:${gateSecret()}`).toString('base64');
    const headers = {
      host: `localhost:${port}`,
      authorization: `Basic ${proof}`,
      'x-forwarded-user': person.id,
      'x-forwarded-email': person.email,
      cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
    };
    return new Promise((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port, path, agent, headers }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        // Once a response has begun, the request may not be repeated silently.
        answer.on('error', () => reject(new Error('cut off'))).on('end', () => resolve([answer, text]));
      });
      asked.on('error', reject).end();
    });
  }

  /** Sends one request to whichever server accepts the connection. */
  async function balanced(path: string, member: Member): Promise<[IncomingMessage, string]> {
    const first = turn++;
    for (let tries = 0; ; tries++) {
      try {
        const found = await ask(ports[(first + tries) % ports.length] ?? 0, path, member);
        keepCookies(member.cookies, found[0].headers['set-cookie'] ?? []);
        return found;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (tries >= 5) throw error;
        if (code === 'ECONNREFUSED') counts.elsewhere++;
        else if (code === 'ECONNRESET') counts.reset++;
        else throw error;
      }
    }
  }

  async function once(member: Member, path: string): Promise<void> {
    counts.requests++;
    let refusal: string | undefined;
    try {
      const [answer, text] = await balanced(path, member);
      if (answer.statusCode === 200) {
        if (path === '/api/me' && handleIn(text) !== member.handle) counts.lost++;
        return;
      }
      if (answer.statusCode === 401) counts.lost++;
      refusal = String(answer.statusCode);
    } catch (error) {
      refusal = (error as NodeJS.ErrnoException).code ?? 'error';
    }
    counts.refused.set(refusal, (counts.refused.get(refusal) ?? 0) + 1);
  }

  for (const member of members) {
    await balanced('/dashboard', member);
    const [, text] = await balanced('/api/me', member);
    member.handle = handleIn(text);
  }

  return {
    members,
    counts,
    async run(until) {
      let over = false;
      const tabs = members.flatMap((member) => [member, member]);
      const asking = tabs.map(async (member, tab) => {
        await delay((pauseMs * tab) / tabs.length);
        for (let i = tab; !over; i++) {
          const began = performance.now();
          await once(member, i % 10 === 0 ? '/devices' : '/api/me');
          await delay(Math.max(1, pauseMs - (performance.now() - began)));
        }
      });
      try {
        return await until;
      } finally {
        over = true;
        await Promise.all(asking);
      }
    },
    close: () => agent.destroy(),
  };
}

function handleIn(text: string): string {
  return (JSON.parse(text) as { session: { handle: string } }).session.handle;
}
