// Checks of lifetimes, and whether they fit together.
import { durationWords, parseDuration } from '../../config/duration.ts';
import type { GateSettings } from '../read/gate-settings.ts';
import { type Check, notChecked, ofConfig, ofGate, ofGateAndConfig, quote, seenIf } from './check.ts';

const dayMs = 86_400_000;

export const lifetimeChecks: readonly Check[] = [
  {
    id: 'lifetime.long',
    subject: 'Lifetimes',
    severity: 'medium',
    good: 'No sign-in lasts longer than 31 days',
    why: 'A stolen or forgotten device stays signed in for that long.',
    mend: 'PERMANENT_SESSION_LIFETIME=604800',
    judge: ofConfig(({ session }) =>
      seenIf(session.lifetimeMs > 31 * dayMs && `A session lasts ${durationWords(session.lifetimeMs)}.`),
    ),
  },
  {
    id: 'lifetime.idle',
    subject: 'Lifetimes',
    severity: 'low',
    good: 'The idle limit is shorter than the lifetime',
    why: 'An idle limit that is not shorter than the lifetime never takes effect.',
    mend: 'SESSION_IDLE_TIMEOUT=86400',
    judge: ofConfig(({ session: { idleMs, lifetimeMs } }) =>
      seenIf(
        idleMs >= lifetimeMs && `Idle limit ${durationWords(idleMs)}, lifetime ${durationWords(lifetimeMs)}.`,
      ),
    ),
  },
  {
    id: 'lifetime.idle-short',
    subject: 'Lifetimes',
    severity: 'note',
    good: 'People can read a page without being signed out',
    why: 'People who read a page for longer are signed out on the next click.',
    mend: 'SESSION_IDLE_TIMEOUT=900',
    judge: ofConfig(({ session: { idleMs } }) =>
      seenIf(idleMs < 300_000 && `SESSION_IDLE_TIMEOUT is ${durationWords(idleMs)}.`),
    ),
  },
  {
    id: 'lifetime.rotation',
    subject: 'Lifetimes',
    severity: 'low',
    good: 'Session ids are rotated',
    why: 'A stolen id that never changes stays useful for longer, and the theft is never noticed.',
    mend: 'SESSION_ROTATE_AFTER=900',
    judge: ofConfig(({ session }) => seenIf(session.rotateAfterMs === 0 && 'SESSION_ROTATE_AFTER is 0.')),
  },
  {
    id: 'session.binding',
    subject: 'Lifetimes',
    severity: 'low',
    good: 'A session that moves to another browser is noticed',
    why: 'A different browser or system is a sign of a copied cookie.',
    mend: 'SESSION_BINDING=observe',
    judge: ofConfig(({ session }) => seenIf(session.binding === 'off' && 'SESSION_BINDING is off.')),
  },
  {
    id: 'session.limit',
    subject: 'Lifetimes',
    severity: 'low',
    good: 'The number of sessions per person is limited',
    why: 'Without a limit, forgotten devices pile up and nobody looks at the list any more.',
    mend: 'SESSION_MAX_PER_USER=10',
    judge: ofConfig(({ session }) => seenIf(session.maxPerUser === 0 && 'SESSION_MAX_PER_USER is 0.')),
  },
  {
    id: 'gate.expire-long',
    subject: 'Lifetimes',
    severity: 'medium',
    good: 'A session at the gate lasts no longer than 31 days',
    why: 'Until then, a copied cookie of the gate works at every app behind it.',
    mend: 'OAUTH2_PROXY_COOKIE_EXPIRE=168h',
    judge: ofGate((gate) => {
      const ms = expireOf(gate);
      // The browser then drops the cookie when it closes, but oauth2-proxy accepts a copy of it for ever.
      if (ms === 0) return { seen: 'cookie_expire is 0: a copied cookie works for ever.' };
      return seenIf(ms !== undefined && ms > 31 * dayMs && `cookie_expire is ${durationWords(ms)}.`);
    }),
  },
  {
    id: 'gate.refresh',
    subject: 'Lifetimes',
    severity: 'medium',
    good: 'oauth2-proxy checks sessions with Google regularly',
    why: 'Without a refresh, an account that was closed at Google stays signed in until the cookie expires.',
    mend: 'OAUTH2_PROXY_COOKIE_REFRESH=24h',
    judge: ofGate((gate) => {
      const ms = refreshOf(gate);
      return seenIf(
        ms === 0 && `cookie_refresh is ${gate.text('cookie_refresh') === undefined ? 'not set' : '0'}.`,
      );
    }),
  },
  {
    id: 'gate.refresh-shorter',
    subject: 'Lifetimes',
    severity: 'high',
    good: 'The refresh is shorter than the expiry',
    why: 'Otherwise oauth2-proxy does not start.',
    mend: 'OAUTH2_PROXY_COOKIE_REFRESH=24h',
    judge: ofGate((gate) => {
      const [expire, refresh] = [expireOf(gate), refreshOf(gate)];
      if (expire === undefined || refresh === undefined) {
        return { seen: 'cookie_expire or cookie_refresh is not a duration with a unit, like `168h`.' };
      }
      return seenIf(
        refresh > 0 &&
          expire > 0 &&
          refresh >= expire &&
          `cookie_refresh ${durationWords(refresh)}, cookie_expire ${durationWords(expire)}.`,
      );
    }),
  },
  {
    id: 'gate.lifetimes-agree',
    subject: 'Lifetimes',
    severity: 'medium',
    good: 'The app and oauth2-proxy use the same lifetimes',
    why: 'The app refuses an ended sign-in of the gate until it must have expired. oauth2-proxy has no security profiles and only follows its own settings.',
    mend: 'OAUTH2_PROXY_COOKIE_EXPIRE=168h',
    judge: ofGateAndConfig((gate, { gateCookie: { expireMs, refreshMs } }) => {
      const [expire, refresh] = [expireOf(gate), refreshOf(gate)];
      if (expire === undefined || refresh === undefined || (expire > 0 && refresh >= expire))
        return notChecked('see gate.refresh-shorter');
      if (expire === 0) return notChecked('see gate.expire-long');
      const differs = [
        expire !== expireMs &&
          `expiry: oauth2-proxy ${durationWords(expire)}, the app ${durationWords(expireMs)}`,
        // gate.refresh reports a refresh that is off.
        refresh !== refreshMs &&
          refresh > 0 &&
          `refresh: oauth2-proxy ${durationWords(refresh)}, the app ${durationWords(refreshMs)}`,
      ].filter(Boolean);
      return seenIf(differs.length > 0 && `${differs.join('; ')}.`, goLines(expireMs, refreshMs));
    }),
  },
  {
    id: 'lifetime.fits-gate',
    subject: 'Lifetimes',
    severity: 'note',
    good: 'A session here does not outlive the one at the gate',
    why: 'The gate’s session ends first and people are sent to Google although the session here is still valid: harmless, but it looks like being signed out early.',
    mend: 'PERMANENT_SESSION_LIFETIME=604800',
    judge: ofConfig(({ session, gateCookie }) =>
      seenIf(
        gateCookie.refreshMs === 0 &&
          session.lifetimeMs > gateCookie.expireMs &&
          `A session lasts ${durationWords(session.lifetimeMs)}, the gate’s ${durationWords(gateCookie.expireMs)} without refresh.`,
      ),
    ),
  },
  {
    id: 'gate.csrf-expire',
    subject: 'Lifetimes',
    severity: 'low',
    good: 'There is enough time to sign in at Google',
    why: 'Anyone who needs longer (a second factor, a new password) gets an error.',
    mend: 'cookie_csrf_expire = "15m"',
    judge: ofGate((gate) => {
      const text = gate.text('cookie_csrf_expire') ?? '15m';
      const ms = durationOf(text);
      return seenIf((ms === undefined || ms < 120_000) && `cookie_csrf_expire is ${quote(text)}.`);
    }),
  },
];

/** Milliseconds; undefined if oauth2-proxy could not read it. */
function expireOf(gate: GateSettings): number | undefined {
  return durationOf(gate.text('cookie_expire') ?? '168h');
}

function refreshOf(gate: GateSettings): number | undefined {
  return durationOf(gate.text('cookie_refresh') ?? '0');
}

/** Unlike the app's settings, these need a unit: oauth2-proxy does not start with a bare number, or reads it as nanoseconds in its file. */
function durationOf(text: string): number | undefined {
  return /^\d+$/.test(text) && Number(text) !== 0 ? undefined : parseDuration(text);
}

function goLines(expireMs: number, refreshMs: number): string {
  return `OAUTH2_PROXY_COOKIE_EXPIRE=${go(expireMs)}\nOAUTH2_PROXY_COOKIE_REFRESH=${go(refreshMs)}`;
}

function go(ms: number): string {
  if (ms === 0) return '0';
  return ms % 3_600_000 === 0 ? `${ms / 3_600_000}h` : `${Math.round(ms / 1000)}s`;
}
