// Asks where an app must not answer: at its own address without the front, and over plain http.
import { networkInterfaces } from 'node:os';
import { isLoopback } from '../../config/local-addresses.ts';
import type { AppView } from '../deployment.ts';
import { codeOf, isClosed, type Place, readAnswer, type Sent, send } from './app-request.ts';

const sent: Sent = { asked: 'a page', path: '/', headers: ['Accept', 'text/html'] };

/** @param given where the app itself listens; on this machine's loopback: tried at this machine's other addresses */
export async function tryDirect(
  given: string | undefined,
  origin: string,
  desk: { readonly deskOrigin: string; readonly app: string },
  others: () => readonly string[] = otherAddresses,
): Promise<AppView['direct']> {
  if (given === undefined)
    return { missing: 'not seen: say where the app itself listens, with --direct http://host:port' };
  const url = new URL(given);
  const tried = isLoopback(url.hostname)
    ? others().map((host) => `${url.protocol}//${host}:${url.port || (url.protocol === 'https:' ? 443 : 80)}`)
    : [url.origin];
  const answers = await Promise.all(tried.map((at) => isOpen({ at, origin }, desk)));
  const unknown = answers.find((answer) => typeof answer === 'string');
  if (unknown !== undefined) return { missing: `${given} cannot be reached (${unknown})`, unread: true };
  return { found: { open: tried.filter((_, i) => answers[i] === true), tried } };
}

/** Text: why it is not known. Something that accepts a connection is open, whatever it says. */
async function isOpen(
  place: Place,
  desk: { readonly deskOrigin: string; readonly app: string },
): Promise<boolean | string> {
  try {
    const got = await send(place, sent);
    const { status, leads } = readAnswer(sent, got, desk);
    const isFront =
      leads === 'desk' || (status === 401 && got.message.headers['x-guard-location'] !== undefined);
    return !isFront;
  } catch (error) {
    if (isClosed(error)) return false;
    return /^(?:ENOTFOUND|EAI_AGAIN)$/.test(codeOf(error)) ? codeOf(error) : true;
  }
}

function otherAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal, address }) => !internal && !/^fe80:/i.test(address))
    .map(({ address, family }) => (family === 'IPv6' ? `[${address}]` : address));
}

/** Answers that refuse plain http as such. */
const refusing = new Set([400, 403, 421, 426]);

/** @param at where plain http would be answered */
export async function tryPlain(at: string, origin: string): Promise<AppView['plain']> {
  const { host, hostname } = new URL(origin);
  try {
    const { message } = await send({ at, origin: `http://${hostname}` }, sent);
    const to = URL.parse(message.headers.location ?? '');
    const isRedirect = message.statusCode >= 300 && message.statusCode < 400;
    if (isRedirect && to?.protocol === 'https:' && to.host === host) return { found: 'to https' };
    return { found: refusing.has(message.statusCode) ? 'refused' : 'open' };
  } catch (error) {
    return isClosed(error)
      ? { found: 'refused' }
      : { missing: `plain http could not be tried (${codeOf(error)})`, unread: true };
  }
}
