// Reads files of variables, `.env` and those that `env_file` names, as Docker Compose reads them.
import { parse } from 'dotenv';

/** The text of a file, or why it cannot be read, as the end of a sentence: "is not there". */
export type FileText = { readonly text: string } | { readonly why: string };

/** The `why` of a file that does not exist. */
export const notThere = 'is not there';

/** By name; the value is `unsure` if Compose would read a different value than this program. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** Marks a value that is not known. No variable can hold this character. */
export const unsure = '\0';

export function isUnsure(text: string): boolean {
  return text.includes(unsure);
}

export function readVariables(text: string): Record<string, string> {
  const values = parse(text.replace(/^\uFEFF/, ''));
  for (const name of unsureNames(text)) if (Object.hasOwn(values, name)) values[name] = unsure;
  return values;
}

/**
 * Variables that Compose reads differently: it substitutes `$NAME`, treats `#` inside a word as text, resolves `\"`,
 * and has no backtick quotes (https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/).
 */
export function unsureNames(text: string): string[] {
  return [...text.matchAll(/^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*[=:][ \t]*(.*)$/gm)].flatMap(
    ([, name = '', value = '']) => {
      const rest = value.trim();
      const isSure =
        /^'[^']*'(?:\s+#.*)?$/.test(rest) ||
        /^"[^"$\\`]*"(?:\s+#.*)?$/.test(rest) ||
        (!/^["'`]/.test(rest) && !/[$\\]|\S#/.test(rest.replace(/\s+#.*$/, '')));
      return isSure ? [] : [name];
    },
  );
}
