// The people who send requests: 300, each from a different network, with a real browser's headers and cookies, which are half of a
// request's cost.
import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { encode, seal, ticketPayload } from '../src/gate/ticket.fixture.ts';

export interface BenchPerson {
  /** In the form of a Google account id. */
  readonly id: string;
  readonly email: string;
  readonly address: string;
}

export const host = 'localhost';
export const gateCookieName = '__Host-_oauth2_proxy';

/** Typical size of Google's tokens in oauth2-proxy's MessagePack, compressed. */
const cookieSessionBytes = 1300;
const ticketLifetimeS = 604_800;

/** One in four uses IPv6. The networks are reserved for benchmarks and documentation (RFC 2544, RFC 3849). */
export function createPeople(count: number): BenchPerson[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `1${String(i + 1).padStart(20, '0')}`,
    email: `person${i + 1}@example.org`,
    address: i % 4 === 3 ? `2001:db8:${(i + 1).toString(16)}::1` : `198.18.${i >> 8}.${i & 255}`,
  }));
}

/** A browser's headers, the same for every server. */
export const browserHeaders = {
  host,
  connection: 'keep-alive',
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'accept-language': 'en-US,en;q=0.5',
  'accept-encoding': 'gzip, deflate, br, zstd',
  'sec-fetch-dest': 'document',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-site': 'same-origin',
  'sec-fetch-user': '?1',
};

/** The headers that oauth2-proxy adds for a signed-in person. */
export function gateHeaders({ id, email, address }: BenchPerson, gateSecret: string): Record<string, string> {
  return {
    authorization: `Basic ${Buffer.from(`${id}:${gateSecret}`).toString('base64')}`,
    'x-forwarded-for': address,
    'x-forwarded-host': host,
    'x-forwarded-proto': 'https',
    'x-forwarded-user': id,
    'x-forwarded-email': email,
    'x-real-ip': address,
  };
}

/**
 * A gate cookie in the form that oauth2-proxy uses when it keeps sessions in cookies. The content is random: only oauth2-proxy could
 * decrypt it.
 */
export const cookieSession = () => gateCookie(randomBytes(cookieSessionBytes).toString('base64url'));

/** Writes a gate session to Redis. @returns the cookie with its ticket */
export async function redisSession(redis: Redis, { id, email }: BenchPerson): Promise<string> {
  const key = `${gateCookieName}-${randomBytes(16).toString('hex')}`;
  const secret = randomBytes(16);
  const session = {
    at: randomBytes(120).toString('base64url'),
    it: randomBytes(850).toString('base64url'),
    rt: randomBytes(48).toString('base64url'),
    u: id,
    e: email,
    ca: new Date(),
    eo: new Date(Date.now() + 3_600_000),
    n: randomBytes(32),
  };
  await redis.set(key, seal(encode(session), secret), 'EX', ticketLifetimeS);
  return gateCookie(ticketPayload(key, secret));
}

function gateCookie(payload: string): string {
  const signature = randomBytes(32).toString('base64url');
  return `${gateCookieName}=${payload}|${Math.floor(Date.now() / 1000)}|${signature}`;
}
