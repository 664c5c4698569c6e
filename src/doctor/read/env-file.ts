// Files of variables: `.env` and what `env_file` names, as Docker Compose reads them.
import { parse } from 'dotenv';

/** The text of a file, or why it cannot be read, as the end of a sentence: "is not there". */
export type FileText = { readonly text: string } | { readonly why: string };

/** How a reader says that there is no such file. */
export const notThere = 'is not there';

/** By name; `unsure` where Compose would read another value than this program. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** Stands for a value that is not known. No variable can hold it. */
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
 * Variables that Compose reads in another way: it fills in `$NAME`, takes `#` for part of a word, resolves `\"`,
 * and knows no backticks (https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/).
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
