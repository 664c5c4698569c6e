// The table of all settings, one file per group. `.env.example`, docs/settings.md, the README's table and the loader are derived from it.
import type { z } from 'zod';
import type { Setting, SettingRows } from './setting.ts';
import { confluence } from './settings/confluence.ts';
import { gate } from './settings/gate.ts';
import { guard } from './settings/guard.ts';
import { record } from './settings/record.ts';
import { dockerCompose, running } from './settings/running.ts';
import { secrets } from './settings/secrets.ts';
import { sessions, visitors } from './settings/sessions.ts';
import { startHere } from './settings/start-here.ts';
import { storage } from './settings/storage.ts';
import { vault } from './settings/vault.ts';

/** By heading, in the order of the documents. */
const groups = {
  'Start here': startHere,
  Secrets: secrets,
  Gate: gate,
  Guard: guard,
  Sessions: sessions,
  Visitors: visitors,
  Storage: storage,
  Record: record,
  Vault: vault,
  Confluence: confluence,
  Running: running,
  'Docker Compose': dockerCompose,
} as const satisfies Readonly<Record<string, SettingRows>>;

export type SettingGroup = keyof typeof groups;

const settings = {
  ...startHere,
  ...secrets,
  ...gate,
  ...guard,
  ...sessions,
  ...visitors,
  ...storage,
  ...record,
  ...vault,
  ...confluence,
  ...running,
  ...dockerCompose,
} as const;

type Settings = typeof settings;
export type SettingName = keyof Settings;

type HasValue<S> = S extends { default: string } | { required: true } ? true : false;

/** Every setting's parsed value; undefined only if the table has neither a default nor `required`. */
export type SettingValues = {
  readonly [N in SettingName]: HasValue<Settings[N]> extends true
    ? z.output<Settings[N]['schema']>
    : z.output<Settings[N]['schema']> | undefined;
};

export const settingNames = Object.keys(settings) as SettingName[];

/** Every group with the names of its settings, in the order of the documents. */
export const settingGroups = Object.entries(groups).map(
  ([group, rows]) => [group, Object.keys(rows)] as [SettingGroup, SettingName[]],
);

/** The row of a setting, with the optional columns that its literal type leaves out. */
export function settingOf(name: SettingName): Setting {
  return settings[name];
}
