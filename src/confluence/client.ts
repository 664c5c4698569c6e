// The Confluence client. Credentials go only to the one configured origin; after a refusal no further request is sent.
import type { Readable } from 'node:stream';
import type { z } from 'zod';
import { type Head, isHtml, isJson, leadsToSignIn, refusalByHead, refusalByPage } from './answer.ts';
import { createConcurrencyLimit } from './concurrency.ts';
import { type Connect, createConnect, type Resolve } from './connect.ts';
import type { Credentials } from './credentials.ts';
import { exchange, readStart, readText } from './exchange.ts';
import { isRefusal, type Refusal, Unanswered } from './outcomes.ts';
import { Later, refuse } from './refuse.ts';
import { longestWaitMs, maxTries, pauseMs } from './retry.ts';

export interface ClientOptions {
  /** The configured address, without a trailing slash. */
  readonly base: string;
  readonly allowPrivate: boolean;
  readonly credentials: Credentials;
  readonly now: () => number;
  /** Resolves after this many ms; settles early, either way, if `signal` aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<unknown>;
  readonly random: () => number;
  /** Where Cloud serves the bytes of attachments; used only for those, and without credentials. */
  readonly mediaHosts: readonly string[];
  readonly resolve?: Resolve | undefined;
  readonly concurrency?: number | undefined;
  readonly timeoutMs?: number | undefined;
  /** How often a request is tried; 5 by default. */
  readonly tries?: number | undefined;
}

export interface Client {
  readonly origin: string;
  /** The path of the configured address: `/wiki`, or empty. */
  readonly context: string;
  readonly usesCookies: boolean;
  /** @param path below the configured address @throws Unanswered */
  json<T>(path: string, schema: z.ZodType<T>): Promise<T>;
  /** The bytes of an attachment. @param mediaType as Confluence listed it @throws Unanswered, and what `take` throws */
  file<T>(path: string, mediaType: string, take: (body: Readable) => Promise<T>): Promise<T>;
  /** Aborts requests in progress; further requests throw `reason`. */
  stop(reason: 'stopped' | 'session_ended' | Refusal): void;
  requests(): number;
  close(): void;
}

const jsonLimit = 32 * 1024 * 1024;
const jsonTimeoutMs = 60_000;
const fileTimeoutMs = 15 * 60_000;
const maxRedirects = 3;

interface Asked<T> {
  readonly form: 'json' | 'file';
  readonly timeoutMs: number;
  readonly accept: string;
  /** @param own whether credentials were sent */
  read(head: Head, body: Readable, own: boolean): Promise<T>;
}

/** @throws Unanswered if requests to the address are not allowed at all */
export function createClient(options: ClientOptions): Client {
  const base = new URL(options.base);
  if (base.protocol !== 'https:' && !options.allowPrivate) throw new Unanswered('plain_http');
  const context = base.pathname.replace(/\/+$/, '');
  const connect: Connect = createConnect({ allowPrivate: options.allowPrivate, resolve: options.resolve });
  const concurrency = createConcurrencyLimit(options.concurrency ?? 4);
  const stopping = new AbortController();
  let stopped: Unanswered | undefined;
  let requests = 0;

  function stop(reason: 'stopped' | 'session_ended' | Refusal, status = 0): void {
    stopped ??= new Unanswered(reason, status);
    stopping.abort();
  }

  function unlessStopped(): void {
    if (stopped) throw stopped;
  }

  async function ask<T>(path: string, asked: Asked<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      unlessStopped();
      try {
        return await concurrency.run(() => follow(new URL(`${base.origin}${context}${path}`), asked));
      } catch (error) {
        unlessStopped();
        if (!(error instanceof Unanswered)) throw error;
        if (isRefusal(error.reason)) {
          stop(error.reason, error.status);
          throw error;
        }
        const passing = ['unreachable', 'unavailable', 'too_slow', 'rate_limited'].includes(error.reason);
        if (!passing || tries >= (options.tries ?? maxTries)) throw error;
        await again(error, tries);
      }
    }
  }

  /** @throws Unanswered if Confluence asks us to wait too long */
  async function again(error: Unanswered, tries: number): Promise<void> {
    const asked = error instanceof Later ? error.afterMs : undefined;
    if (asked !== undefined && asked > longestWaitMs) throw new Unanswered('rate_limited', error.status);
    const jitter = pauseMs(tries, options.random());
    const ms = asked === undefined ? jitter : asked + jitter;
    // A stop cuts the pause short; the next try then throws.
    const pause = options.wait(ms, stopping.signal).catch(() => undefined);
    // When Confluence asks us to wait, all requests wait, and fewer run at a time afterwards.
    if (error.status === 429 || asked !== undefined) concurrency.slower(pause);
    await pause;
  }

  async function follow<T>(first: URL, asked: Asked<T>): Promise<T> {
    let url = first;
    for (let redirects = 0; ; redirects++) {
      unlessStopped();
      requests++;
      const own = url.origin === base.origin;
      const headers = {
        accept: asked.accept,
        'accept-encoding': asked.form === 'json' ? 'gzip' : 'identity',
        'user-agent': 'gatehouse',
        ...(own && options.credentials.headers),
      };
      const { timeoutMs } = asked;
      const answer = await exchange(
        { connect, url, headers, timeoutMs, signal: stopping.signal },
        async (head, body) => {
          const location = head.headers.location;
          if (head.status >= 300 && head.status < 400 && location !== undefined) {
            const refusal = own ? refusalByHead(head) : undefined;
            if (refusal) throw new Unanswered(refusal, head.status);
            return { to: location };
          }
          await refuse(head, body, own, options.now);
          return { value: await asked.read(head, body, own) };
        },
      );
      if ('value' in answer) return answer.value;
      if (redirects >= maxRedirects) throw new Unanswered('redirected');
      url = target(answer.to, url, asked.form);
    }
  }

  /** Where a redirect may lead: to the same origin, and for attachment bytes to Cloud's media hosts. */
  function target(location: string, from: URL, form: 'json' | 'file'): URL {
    const to = URL.parse(location, from.href);
    if (!to || !/^https?:$/.test(to.protocol) || to.username || to.password)
      throw new Unanswered('redirected');
    const secure = to.protocol === 'https:' || options.allowPrivate;
    if (form === 'file' && secure && options.mediaHosts.includes(to.host)) return to;
    const own = to.origin === base.origin;
    // Page authors name their files: a file name must not be mistaken for a redirect to sign-in.
    const isFile = form === 'file' && own && to.pathname.startsWith(`${context}/download/`);
    if (from.origin === base.origin && !isFile && leadsToSignIn(to)) throw new Unanswered('sign_in_page');
    if (own) return to;
    throw new Unanswered('redirected');
  }

  return {
    origin: base.origin,
    context,
    usesCookies: options.credentials.kind === 'cookies',
    json: (path, schema) =>
      ask(path, {
        form: 'json',
        accept: 'application/json',
        timeoutMs: options.timeoutMs ?? jsonTimeoutMs,
        async read({ headers, status }, body) {
          if (isHtml(headers)) throw new Unanswered(refusalByPage(await readStart(body)), status);
          if (!isJson(headers)) throw new Unanswered('garbled', status);
          const parsed = schema.safeParse(parseJson(await readText(body, jsonLimit)));
          if (!parsed.success) throw new Unanswered('garbled', status);
          return parsed.data;
        },
      }),
    file: (path, mediaType, take) =>
      ask(path, {
        form: 'file',
        accept: '*/*',
        timeoutMs: options.timeoutMs ?? fileTimeoutMs,
        async read({ headers, status }, body, own) {
          const isPage =
            own && isHtml(headers) && !/^attachment\b/i.test(headers['content-disposition'] ?? '');
          if (isPage && !/html/i.test(mediaType)) {
            throw new Unanswered(refusalByPage(await readStart(body)), status);
          }
          return take(body);
        },
      }),
    stop,
    requests: () => requests,
    close: () => connect.close(),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Unanswered('garbled', 200);
  }
}
