// Substitutes variables such as `${NAME:-default}` the way Docker Compose does.

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The text with its variables substituted; or a required variable that is not set; or why Compose would refuse the text.
 * No reason contains a value.
 */
export type Filled = { readonly text: string } | { readonly missing: string } | { readonly why: string };

const name = /^[A-Za-z_][A-Za-z0-9_]*/;

/** Follows https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md: `$NAME`, `${NAME}`, `:-` `-` `:?` `?` `:+` `+`, nested, `$$`. */
export function interpolate(text: string, env: Env): Filled {
  let out = '';
  for (let at = 0; at < text.length; ) {
    if (text[at] !== '$') {
      out += text[at++];
      continue;
    }
    if (text[at + 1] === '$') {
      out += '$';
      at += 2;
      continue;
    }
    const plain = name.exec(text.slice(at + 1))?.[0];
    if (plain !== undefined) {
      out += env[plain] ?? '';
      at += 1 + plain.length;
      continue;
    }
    // A dollar sign before anything else is literal.
    if (text[at + 1] !== '{') {
      out += text[at++];
      continue;
    }
    const end = closing(text, at + 2);
    if (end === undefined) return { why: 'a variable whose braces cannot be matched' };
    const filled = substitute(text.slice(at + 2, end), env);
    if (!('text' in filled)) return filled;
    out += filled.text;
    at = end + 1;
  }
  return { text: out };
}

/** Whether any of the resulting text is written in the file, for instance as a default, rather than coming from a variable. */
export function hasLiteral(text: string): boolean {
  const unset: Env = {};
  const set: Env = new Proxy(unset, { get: () => '\0' });
  return [unset, set].some((env) => {
    const filled = interpolate(text, env);
    return 'text' in filled && filled.text.replaceAll('\0', '') !== '';
  });
}

/** The index of the closing brace; undefined: there is none, or a brace in between, which Compose itself does not parse reliably. */
function closing(text: string, from: number): number | undefined {
  for (let at = from, depth = 1; at < text.length; at++) {
    if (text[at] === '{') {
      if (text[at - 1] !== '$') return undefined;
      depth++;
    }
    if (text[at] === '\n') return undefined;
    if (text[at] === '}' && --depth === 0) return at;
  }
  return undefined;
}

function substitute(inside: string, env: Env): Filled {
  const variable = name.exec(inside)?.[0];
  const [, colon, operator, rest = ''] = /^(:)?([-?+])(.*)$/.exec(inside.slice(variable?.length)) ?? [];
  if (variable === undefined || (operator === undefined && variable !== inside))
    return { why: 'a variable in a form that Compose does not know' };
  const value = env[variable];
  const isThere = colon ? Boolean(value) : value !== undefined;
  if (operator === '-' && !isThere) return interpolate(rest, env);
  if (operator === '+') return isThere ? interpolate(rest, env) : { text: '' };
  if (operator === '?' && !isThere) return { missing: variable };
  return { text: value ?? '' };
}
