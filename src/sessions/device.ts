// A device by its user agent, in words that a person knows it by.
import bowser from 'bowser';
import type { SignIn } from '../store/contract.ts';

const kinds = new Set(['desktop', 'mobile', 'tablet', 'bot']);

/** "Firefox" on "Windows". Names that are missing or strange become "Unknown browser" and "unknown system". */
export function deviceOf(userAgent: string | undefined): SignIn['device'] {
  if (!userAgent?.trim()) return { browser: 'Unknown browser', os: 'unknown system', kind: 'unknown' };
  const { browser, os, platform } = bowser.parse(userAgent.slice(0, 512));
  const kind = platform.type ?? 'unknown';
  return {
    browser: name(browser.name) ?? 'Unknown browser',
    os: name(os.name) ?? 'unknown system',
    kind: kinds.has(kind) ? kind : 'unknown',
  };
}

/** bowser falls back to a piece of the header itself: kept only if it reads like a name. */
function name(text: string | undefined): string | undefined {
  return text && /^[A-Za-z][\w .+-]{0,39}$/.test(text) ? text : undefined;
}
