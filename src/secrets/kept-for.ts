// How long anything that a former secret signed or proved can still be presented: after that nobody needs the secret.
import { profileNames, profiles } from '../config/profiles.ts';
import { type SettingName, settingOf } from '../config/settings.ts';
import type { SecretKind } from './kinds.ts';

type Values = Readonly<Record<string, string>>;

const dayMs = 86_400_000;

/**
 * Milliseconds. SECRET_KEY signs the session cookie and the visitor cookie: the longer of both lifetimes, plus one day, because
 * servers adopt a new key when they are told to, not when it is written. No browser holds the gate secret: it is sent with
 * every request, and one day is ample for oauth2-proxy and the app to get the new one.
 * @param values the contents of the file
 * @returns undefined if a lifetime cannot be determined from the file
 */
export function keptForMs(kind: SecretKind, values: Values): number | undefined {
  if (kind.name !== 'SECRET_KEY') return dayMs;
  const lifetimeMs = settingIn(values, 'PERMANENT_SESSION_LIFETIME');
  const visitorDays = settingIn(values, 'VISITOR_SESSION_TTL_DAYS');
  if (lifetimeMs === undefined || visitorDays === undefined) return undefined;
  return Math.max(lifetimeMs, visitorDays * dayMs) + dayMs;
}

function settingIn(values: Values, name: SettingName): number | undefined {
  if (values[`${name}_FILE`]?.trim() || values['SECURITY_PROFILE_FILE']?.trim()) return undefined;
  const chosen = values['SECURITY_PROFILE']?.trim() || 'balanced';
  const profile = profileNames.find((known) => known === chosen);
  if (!profile) return undefined;
  const setting = settingOf(name);
  const text = values[name]?.trim() || profiles[profile][name] || setting.default;
  const parsed = setting.schema.safeParse(text ?? '');
  return parsed.success && typeof parsed.data === 'number' ? parsed.data : undefined;
}
