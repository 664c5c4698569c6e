// The built-in icons of apps: what an app is for, not whose logo it has. Each is `app-NAME` in the sprite.

export const appIcons = [
  'book',
  'calendar',
  'chart',
  'chat',
  'cloud',
  'code',
  'document',
  'download',
  'feed',
  'film',
  'house',
  'lock',
  'mail',
  'music',
  'photo',
  'terminal',
] as const;

export type AppIcon = (typeof appIcons)[number];
