// The types of a setting and of a problem with one.
import type { z } from 'zod';

/** One row of the table. Values are the text of a variable; `schema` turns the text into what the program uses. */
export interface Setting<T = unknown> {
  readonly schema: z.ZodType<T, string>;
  /** The text used when the variable is unset and the profile sets nothing; absent: see `required`. */
  readonly default?: string;
  /** The server refuses to start if it is unset (`DEV_MODE` generates a value for the run). */
  readonly required?: true;
  /** How the documents describe a default that is not one fixed text. */
  readonly defaultNote?: string;
  /** Never printed, and masked wherever the environment is shown. */
  readonly secret?: true;
  /** The meaning, as Markdown in one line. */
  readonly about: string;
  /** Written uncommented to `.env.example`, with this value. */
  readonly example?: string;
}

export type SettingRows = Readonly<Record<string, Setting>>;

export interface Problem {
  /** The variable to correct. */
  readonly name: string;
  /** What is wrong and what to do, without the value. */
  readonly message: string;
  /** `shared`: the same secret is used for two purposes. */
  readonly kind?: 'shared';
}
