// The settings of this process, for the commands that need them.
import type { Config } from '../config/derive.ts';
import { formatProblems, type LoadResult, loadConfig } from '../config/load.ts';
import { SettingsRefused } from './terminal.ts';

export type Loaded = Extract<LoadResult, { readonly config: Config }>;

/** Also if they are invalid. */
export function load(): LoadResult {
  return loadConfig({ env: process.env, envFile: '.env' });
}

/** @throws SettingsRefused */
export function loaded(): Loaded {
  const found = load();
  if ('config' in found) return found;
  const { problems, warnings } = found;
  throw new SettingsRefused(`Gatehouse cannot start:\n${formatProblems([...problems, ...warnings])}`);
}

/** @throws SettingsRefused */
export function configuration(): Config {
  return loaded().config;
}
