// The security profiles: named sets of defaults. A variable that is set takes precedence over the profile.

export const profileNames = ['balanced', 'high', 'convenience', 'development'] as const;
export type ProfileName = (typeof profileNames)[number];

const balanced = {
  PERMANENT_SESSION_LIFETIME: '604800',
  SESSION_IDLE_TIMEOUT: '86400',
  SESSION_COOKIE_SAMESITE: 'Lax',
  OAUTH2_PROXY_COOKIE_EXPIRE: '168h',
  OAUTH2_PROXY_COOKIE_REFRESH: '24h',
  OAUTH2_PROXY_COOKIE_SAMESITE: 'lax',
};

/** What each profile sets, as the text that `.env` would hold. */
export const profiles: Record<ProfileName, Readonly<Record<string, string>>> = {
  balanced,
  high: {
    PERMANENT_SESSION_LIFETIME: '3600',
    SESSION_IDLE_TIMEOUT: '900',
    SESSION_COOKIE_SAMESITE: 'Strict',
    OAUTH2_PROXY_COOKIE_EXPIRE: '24h',
    OAUTH2_PROXY_COOKIE_REFRESH: '1h',
    OAUTH2_PROXY_COOKIE_SAMESITE: 'lax', // With Strict, nobody could sign in: Chromium does not send the cookie on the redirect back from Google
  },
  convenience: {
    PERMANENT_SESSION_LIFETIME: '2592000',
    SESSION_IDLE_TIMEOUT: '604800',
    SESSION_COOKIE_SAMESITE: 'Lax',
    OAUTH2_PROXY_COOKIE_EXPIRE: '720h',
    OAUTH2_PROXY_COOKIE_REFRESH: '0',
    OAUTH2_PROXY_COOKIE_SAMESITE: 'lax',
  },
  development: { ...balanced, LOG_LEVEL: 'debug' },
};
