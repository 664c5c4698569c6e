// Reads the settings from the environment, `.env` and the files named by `NAME_FILE`. Reports all problems together, each by name, with the fix.
import { randomBytes } from 'node:crypto';
import { parse as parseDotenv } from 'dotenv';
import { faultAdvice } from '../files/file-fault.ts';
import { fileFaultOf } from '../files/file-refused.ts';
import { readOrdinaryFile } from '../files/ordinary-file.ts';
import { ambiguityProblems } from './ambiguous-lines.ts';
import { type Config, derive } from './derive.ts';
import { misspeltProblems } from './misspelt.ts';
import { profileNames, profiles } from './profiles.ts';
import type { Problem } from './setting.ts';
import { type SettingName, type SettingValues, settingNames, settingOf } from './settings.ts';

export type LoadResult = (
  | { readonly config: Config; readonly values: SettingValues }
  | { readonly problems: readonly Problem[] }
) & {
  /** Harmless, but almost certainly mistakes. */
  readonly warnings: readonly Problem[];
  /** Settings of the file that the environment overrides with another value. */
  readonly overruled: readonly SettingName[];
};

export interface LoadOptions {
  /** The process environment; it takes precedence over the file. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Path of a `.env` file; absent or missing: the environment alone. */
  readonly envFile?: string;
}

/** The whole configuration, or everything that is wrong with it. Never throws because of what a user wrote. */
export function loadConfig({ env, envFile }: LoadOptions): LoadResult {
  const problems: Problem[] = [];
  const fromFile = readEnvFile(envFile, problems);
  const set = setOnly(env);
  const merged = envFile === undefined ? env : { ...fromFile, ...set };
  const isOverruled = (name: string) => fromFile[name]?.trim() && set[name] && set[name] !== fromFile[name];
  const hints = {
    warnings: misspeltProblems(Object.keys(fromFile)),
    overruled: settingNames.filter(isOverruled),
  };
  const texts = collectTexts(merged, problems);
  const devMode = /^(true|1|yes|on)$/i.test(texts.DEV_MODE ?? '');
  const profile = profiles[profileNames.find((name) => name === texts.SECURITY_PROFILE) ?? 'balanced'];
  const values: Partial<Record<SettingName, unknown>> = {};
  for (const name of settingNames) {
    const setting = settingOf(name);
    let text = texts[name] ?? profile[name] ?? setting.default;
    if (text === undefined && setting.required && devMode) text = randomBytes(32).toString('hex');
    if (text === undefined) {
      if (setting.required)
        problems.push({ name, message: 'is missing; run `npm run generate-secrets` to make one' });
      continue;
    }
    const parsed = setting.schema.safeParse(text);
    if (parsed.success) values[name] = parsed.data;
    else for (const issue of parsed.error.issues) problems.push({ name, message: plain(issue.message) });
  }
  for (const name of settingNames) values[name] ??= placeholderFor(name, profile[name]);
  const start = {
    production: merged['NODE_ENV']?.trim() === 'production',
    isKeyMadeUp: devMode && texts.SECRET_KEY === undefined,
  };
  const config = derive(values as SettingValues, start, problems);
  const result = problems.length > 0 ? { problems } : { config, values: values as SettingValues };
  return { ...result, ...hints };
}

/** Replaces a faulty value while the rules between the other settings are checked, so that all problems are reported together. */
function placeholderFor(name: SettingName, profileText: string | undefined): unknown {
  const setting = settingOf(name);
  if (setting.required) return '';
  const text = profileText ?? setting.default;
  return text === undefined ? undefined : setting.schema.parse(text);
}

/** One line for each problem, as printed when the server refuses to start. */
export function formatProblems(problems: readonly Problem[]): string {
  return problems.map(({ name, message }) => `${name} ${message}`).join('\n');
}

function readEnvFile(envFile: string | undefined, problems: Problem[]): Readonly<Record<string, string>> {
  if (envFile === undefined) return {};
  try {
    const text = readOrdinaryFile({ path: envFile }).toString('utf8');
    problems.push(...ambiguityProblems(envFile, text));
    return parseDotenv(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    const fault = fileFaultOf(error);
    if (fault === undefined) throw error;
    if (fault !== 'missing') problems.push({ name: envFile, message: faultAdvice(fault) });
    return {};
  }
}

/** Empty means unset: Docker Compose passes an unset variable on as an empty string, which must not hide the file's value. */
function setOnly(env: LoadOptions['env']): LoadOptions['env'] {
  return Object.fromEntries(Object.entries(env).filter(([, text]) => text?.trim()));
}

function collectTexts(env: LoadOptions['env'], problems: Problem[]): Partial<Record<SettingName, string>> {
  const texts: Partial<Record<SettingName, string>> = {};
  for (const name of settingNames) {
    const direct = env[name]?.trim();
    const file = env[`${name}_FILE`]?.trim();
    if (direct) texts[name] = direct;
    if (!file) continue;
    if (direct) problems.push({ name, message: `and ${name}_FILE are both set; keep one of them` });
    try {
      const text = readOrdinaryFile({ path: file }).toString('utf8').trim();
      if (text) texts[name] = text;
    } catch (error) {
      const fault = fileFaultOf(error);
      if (fault === undefined) throw error;
      // The path is left out: it could be a secret entered here by mistake, and would reach the log.
      const message = `names a file that ${faultAdvice(fault)}`;
      problems.push({ name: `${name}_FILE`, message });
    }
  }
  return texts;
}

function plain(message: string): string {
  return message.replace(/^Invalid (input|option): /, 'is not valid: ');
}
