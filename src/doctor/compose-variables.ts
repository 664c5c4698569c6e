// What `${NAME}` in docker-compose.yml stands for.

type Env = Readonly<Record<string, string | undefined>>;

/** Compose's own rules: `$NAME`, `${NAME}`, `:-` `-` `:?` `?` `:+` `+`, one in another, `$$`. */
export function interpolate(text: string, env: Env): string {
  let out = '';
  for (let at = 0; at < text.length; ) {
    const plain = /^\$\$|^\$([A-Za-z_]\w*)/.exec(text.slice(at));
    if (plain) {
      out += plain[1] === undefined ? '$' : (env[plain[1]] ?? '');
      at += plain[0].length;
    } else if (text.startsWith('${', at)) {
      const end = closing(text, at + 2);
      out += substitute(text.slice(at + 2, end), env);
      at = end + 1;
    } else out += text[at++];
  }
  return out;
}

function closing(text: string, from: number): number {
  for (let at = from, depth = 1; at < text.length; at++) {
    if (text.startsWith('${', at)) depth++;
    if (text[at] === '}' && --depth === 0) return at;
  }
  return text.length;
}

function substitute(inside: string, env: Env): string {
  const [, name = '', colon, operator, rest = ''] = /^(\w+)(:)?([-?+])?(.*)$/s.exec(inside) ?? [];
  const value = env[name];
  const isThere = colon ? Boolean(value) : value !== undefined;
  if (operator === '-') return isThere ? (value ?? '') : interpolate(rest, env);
  if (operator === '+') return isThere ? interpolate(rest, env) : '';
  return value ?? '';
}
