// Reads the part of docker-compose.yml that the check-up needs: images, ports, environments and commands of services.
// It reads block style with two spaces as the shipped file has it; what it cannot read in a service it names.

export interface ComposeService {
  readonly name: string;
  readonly image: string | undefined;
  /** As written, variables filled in. */
  readonly ports: readonly string[];
  readonly networkMode: string | undefined;
  /** undefined as value: named only, taken from outside. */
  readonly environment: ReadonlyMap<string, string | undefined>;
  readonly command: readonly string[];
}

export interface ComposeFile {
  readonly services: readonly ComposeService[];
  /** "app: ports": parts in a form that is not read here. */
  readonly unread: readonly string[];
}

type Env = Readonly<Record<string, string | undefined>>;

/** @param env what `${NAME}` stands for */
export function readCompose(text: string, env: Env): ComposeFile {
  const unread: string[] = [];
  const services = blocks(
    linesOf(text).filter((line) => line.trim() !== ''),
    0,
  )
    .filter(({ key }) => key === 'services')
    .flatMap(({ body }) => blocks(body, 2))
    .map(({ key: name, body }) => service(name, body));

  function service(name: string, body: readonly string[]): ComposeService {
    const parts = new Map(blocks(body, 4).map((part) => [part.key, part]));
    const list = (key: string): string[] => {
      const part = parts.get(key);
      if (!part) return [];
      const items = readItems(part.value, part.body);
      if (!items) unread.push(`${name}: ${key}`);
      return (items ?? []).map((item) => interpolate(item, env));
    };
    const scalar = (key: string) => {
      const text = parts.get(key)?.value;
      return text ? interpolate(unquote(text), env) : undefined;
    };
    return {
      name,
      image: scalar('image'),
      ports: list('ports'),
      networkMode: scalar('network_mode'),
      environment: environment(name, parts.get('environment')),
      // A script is somebody else's program: only the command line of a list is read.
      command: parts.get('command')?.body.some((line) => line.includes('|')) ? [] : list('command'),
    };
  }

  function environment(name: string, part: Block | undefined): Map<string, string | undefined> {
    if (part?.value) unread.push(`${name}: environment`);
    const pairs = new Map<string, string | undefined>();
    for (const line of part?.body ?? []) {
      const match = /^\s*(?:-\s*["']?([A-Za-z_]\w*)(?:=(.*?))?["']?|([A-Za-z_]\w*):(?:\s+(.*))?)$/.exec(line);
      const variable = match?.[1] ?? match?.[3];
      if (variable === undefined) continue;
      const value = match?.[2] ?? match?.[4];
      pairs.set(variable, value === undefined ? undefined : interpolate(unquote(value.trim()), env));
    }
    return pairs;
  }

  return { services, unread };
}

/** What the process of `service` has in its environment. */
export function environmentOf(service: ComposeService, env: Env): Env {
  return Object.fromEntries([...service.environment].map(([name, value]) => [name, value ?? env[name]]));
}

interface Block {
  readonly key: string;
  /** What stands on the line of the key. */
  readonly value: string;
  readonly body: readonly string[];
}

/** The keys at one depth, each with the deeper lines below it. */
function blocks(lines: readonly string[], indent: number): Block[] {
  const found: { key: string; value: string; body: string[] }[] = [];
  for (const line of lines) {
    const match =
      line.length - line.trimStart().length === indent
        ? /^\s*["']?([\w.<-]+)["']?:(?:\s+(.*))?$/.exec(line)
        : null;
    if (match) found.push({ key: match[1] ?? '', value: (match[2] ?? '').replace(/^&\S+\s*/, ''), body: [] });
    else found.at(-1)?.body.push(line);
  }
  return found;
}

function linesOf(text: string): string[] {
  return text
    .replaceAll('\r', '')
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*$/, '').trimEnd());
}

/** `[a, 'b']` or lines of `- a`; undefined: neither. */
function readItems(value: string, body: readonly string[]): string[] | undefined {
  const rest = body.map((line) => line.trim());
  if (value.startsWith('[')) {
    const whole = [value, ...rest].join(' ');
    return whole.endsWith(']')
      ? (whole.slice(1, -1).match(/"[^"]*"|'[^']*'|[^,\s][^,]*/g) ?? []).map(unquote)
      : undefined;
  }
  if (value !== '') return value.split(/\s+/);
  return rest.every((line) => line.startsWith('- ') && !/^- \w+:(\s|$)/.test(line))
    ? rest.map((line) => unquote(line.slice(2).trim()))
    : undefined;
}

function unquote(text: string): string {
  const match = /^(["'])(.*)\1$/s.exec(text.trim());
  return match ? (match[2] ?? '') : text.trim();
}

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
