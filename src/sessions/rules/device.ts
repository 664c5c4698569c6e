// Names a device from its user agent, in words that people recognise.
import bowser from 'bowser';
import type { SignIn } from '../../store/contract.ts';

const kinds = ['desktop', 'mobile', 'tablet', 'bot'] as const;

/** Cache: a few user agents recur, and parsing one costs more than the rest of a request. */
const known = new Map<string, SignIn['device']>();
const knownLimit = 500;

/** For example "Firefox" on "Windows". Missing or odd names become "Unknown browser" and "unknown system". */
export function deviceOf(userAgent: string | undefined): SignIn['device'] {
  if (!userAgent?.trim()) return { browser: 'Unknown browser', os: 'unknown system', kind: 'unknown' };
  const agent = userAgent.slice(0, 512);
  let device = known.get(agent);
  if (!device) {
    if (known.size >= knownLimit) known.clear();
    device = read(agent);
    known.set(agent, device);
  }
  return device;
}

function read(agent: string): SignIn['device'] {
  const { browser, os, platform } = bowser.parse(agent);
  return {
    browser: name(browser.name) ?? 'Unknown browser',
    os: name(os.name) ?? 'unknown system',
    kind: kinds.find((kind) => kind === platform.type) ?? 'unknown',
  };
}

/** bowser falls back to a part of the header itself: accept it only if it looks like a name, and not like a URL that a chat would turn into a link. */
function name(text: string | undefined): string | undefined {
  return text && /^[A-Za-z][\w +-]{0,39}$/.test(text) ? text : undefined;
}
