// Reads the settings from the environment, `.env` and `NAME_FILE` twins. Reports every problem at once, by name, with the mend.
import { randomBytes } from 'node:crypto';
import { parse as parseDotenv } from 'dotenv';
import { faultAdvice } from '../files/file-fault.ts';
import { fileFaultOf } from '../files/file-refused.ts';
import { readOrdinaryFile } from '../files/ordinary-file.ts';
import { type Config, derive } from './derive.ts';
import { misspeltProblems } from './misspelt.ts';
import type { Problem } from './problem.ts';
import { profileNames, profiles } from './profiles.ts';
import { type SettingName, type SettingValues, settingNames, settingOf } from './settings.ts';
import { unclearProblems } from './unclear.ts';

export type LoadResult = (
  | { readonly config: Config; readonly values: SettingValues }
  | { readonly problems: readonly Problem[] }
) & {
  /** What does no harm, and was surely meant otherwise: to be told. */
  readonly doubts: readonly Problem[];
  /** Settings of the file for which the environment has another value: the environment's holds. */
  readonly overruled: readonly SettingName[];
};

export interface LoadOptions {
  /** The process environment; it wins over the file. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Path of a `.env` file; absent or missing: the environment alone. */
  readonly envFile?: string;
}

/** The whole configuration, or everything that is wrong with it. Never throws for what a user wrote. */
export function loadConfig({ env, envFile }: LoadOptions): LoadResult {
  const problems: Problem[] = [];
  const fromFile = readEnvFile(envFile, problems);
  const set = setOnly(env);
  const merged = envFile === undefined ? env : { ...fromFile, ...set };
  const isOverruled = (name: string) => fromFile[name]?.trim() && set[name] && set[name] !== fromFile[name];
  const beside = {
    doubts: misspeltProblems(Object.keys(fromFile)),
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
  for (const name of settingNames) values[name] ??= standIn(name, profile[name]);
  const derived = derive(values as SettingValues, merged['NODE_ENV']?.trim() === 'production', problems);
  const config = { ...derived, isKeyMadeUp: devMode && texts.SECRET_KEY === undefined };
  const result = problems.length > 0 ? { problems } : { config, values: values as SettingValues };
  return { ...result, ...beside };
}

/** What a faulty setting counts as while the rules between the others are checked, so that all problems come at once. */
function standIn(name: SettingName, profileText: string | undefined): unknown {
  const setting = settingOf(name);
  if (setting.required) return '';
  const text = profileText ?? setting.default;
  return text === undefined ? undefined : setting.schema.parse(text);
}

/** One line a problem, as it is printed at a refused start. */
export function formatProblems(problems: readonly Problem[]): string {
  return problems.map(({ name, message }) => `${name} ${message}`).join('\n');
}

function readEnvFile(envFile: string | undefined, problems: Problem[]): Readonly<Record<string, string>> {
  if (envFile === undefined) return {};
  try {
    const text = readOrdinaryFile({ path: envFile }).toString('utf8');
    problems.push(...unclearProblems(envFile, text));
    return parseDotenv(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    const fault = fileFaultOf(error);
    if (fault === undefined) throw error;
    if (fault !== 'missing') problems.push({ name: envFile, message: faultAdvice(fault) });
    return {};
  }
}

/** Empty means unset: Docker Compose passes on what is not there as an empty text, which must not hide the file's. */
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
      // Without the path: a secret that was put here by mistake would stand in the log.
      const message = `names a file that ${faultAdvice(fault)}`;
      problems.push({ name: `${name}_FILE`, message });
    }
  }
  return texts;
}

function plain(message: string): string {
  return message.replace(/^Invalid (input|option): /, 'is not valid: ');
}
