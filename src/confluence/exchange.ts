// One request and its answer, with a limit on everything that the other side controls: time, headers, and size, also after decompression.
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Head } from './answer.ts';
import type { Connect } from './connect.ts';
import { Unanswered } from './outcomes.ts';

const headerLimit = 32 * 1024;
const startLimit = 64 * 1024;

export interface Exchange {
  readonly connect: Connect;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** For the whole exchange, from connecting to the last byte. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * @param read must read the answer's body to its end, or not at all
 * @throws Unanswered
 */
export async function exchange<T>(
  { connect, url, headers, timeoutMs, signal }: Exchange,
  read: (head: Head, body: Readable) => Promise<T>,
): Promise<T> {
  connect.check(url);
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const request = send(url, {
    agent: connect.agent(url),
    headers,
    maxHeaderSize: headerLimit,
    signal,
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    request.destroy();
  }, timeoutMs);
  let answer: IncomingMessage | undefined;
  try {
    answer = await headOf(request);
    return await read({ status: answer.statusCode ?? 0, headers: answer.headers }, unpacked(answer));
  } catch (error) {
    if (late) throw new Unanswered('too_slow');
    throw asUnanswered(error);
  } finally {
    clearTimeout(timer);
    // An answer that was not read to its end would hold the connection open.
    if (!answer?.readableEnded) request.destroy();
  }
}

function headOf(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.once('response', resolve);
    // After an answer that switches protocols (101) no other event is emitted.
    request.once('close', () => reject(new Unanswered('unreachable')));
    request.end();
  });
}

function unpacked(answer: IncomingMessage): Readable {
  const packing = answer.headers['content-encoding'] ?? 'identity';
  if (packing === 'identity') return answer;
  if (packing !== 'gzip') throw new Unanswered('garbled');
  const gunzip = createGunzip();
  // A reader gets the error by reading; if nobody reads, as with most answers other than 200, the unhandled error would end the process.
  gunzip.on('error', () => {});
  answer.on('error', (error) => gunzip.destroy(error));
  answer.on('aborted', () => gunzip.destroy(new Unanswered('unreachable')));
  gunzip.on('close', () => answer.destroy());
  return answer.pipe(gunzip);
}

/** The body as text, up to `limit` bytes. @throws Unanswered `too_large` */
export async function readText(body: Readable, limit: number): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of body as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > limit) throw new Unanswered('too_large');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** The first bytes as text, enough to recognise a page; the rest is not read. */
export async function readStart(body: Readable): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of body as AsyncIterable<Buffer>) {
    parts.push(part);
    size += part.length;
    if (size >= startLimit) break;
  }
  return Buffer.concat(parts).toString('utf8');
}

const certificateFaults = /^(?:CERT_|ERR_TLS_CERT|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET_ISSUER))/;

function asUnanswered(error: unknown): Error {
  if (error instanceof Unanswered) return error;
  const code = error instanceof Error ? String((error as NodeJS.ErrnoException).code ?? '') : '';
  if (code === 'ABORT_ERR') return new Unanswered('stopped');
  if (code === 'HPE_HEADER_OVERFLOW') return new Unanswered('too_large');
  if (code.startsWith('HPE_') || code.startsWith('Z_')) return new Unanswered('garbled');
  if (certificateFaults.test(code)) return new Unanswered('untrusted_certificate');
  if (code) return new Unanswered('unreachable');
  return error as Error;
}
