// How long what a former secret vouched for can still be shown: after that nobody needs it.
import { profileNames, profiles } from '../config/profiles.ts';
import { type SettingName, settingOf } from '../config/settings.ts';
import type { SecretKind } from './kinds.ts';

type Values = Readonly<Record<string, string>>;

const dayMs = 86_400_000;

/**
 * Milliseconds. SECRET_KEY signs the session's and the visitor's cookie: the longer of both lives, and a day more, since the
 * servers take over a new key when they are told, not when it is written. No browser keeps the gate secret: it is shown anew
 * with every request, and a day is ample for oauth2-proxy and the app to have the new one.
 * @param values what the file holds
 * @returns undefined where a lifetime cannot be told from the file
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
