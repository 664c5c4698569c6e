// Reads the part of docker-compose.yml that the check-up needs: images, ports, environments and commands of services.
// It reads block style as the shipped file has it; what it cannot read it names, so that nothing is passed over.
import { interpolate } from './compose-variables.ts';

export interface ComposeService {
  readonly name: string;
  readonly image: string | undefined;
  /** As written, variables filled in. */
  readonly ports: readonly string[];
  readonly networkMode: string | undefined;
  /** undefined as value: named only, taken from outside. */
  readonly environment: ReadonlyMap<string, string | undefined>;
  readonly command: readonly string[];
  /** Variables whose value stands in the file itself. */
  readonly written: readonly string[];
  /** The service that this one is like, in a file that Compose is told of. */
  readonly like: string | undefined;
}

export interface ComposeFile {
  readonly services: readonly ComposeService[];
  /** "app: ports": parts in a form that is not read here. */
  readonly unread: readonly string[];
}

type Env = Readonly<Record<string, string | undefined>>;

/** What of a service is looked at: it must not come from where this does not look. */
const looked = new Set([
  'image',
  'ports',
  'network_mode',
  'environment',
  'env_file',
  'command',
  'entrypoint',
]);
/** The names of Compose's own files, which are read here in any case. */
const ownFile = /^(?:\.\/)?(?:docker-)?compose(?:\.\w+)?\.ya?ml$/;

/** Several files as Compose lays them over each other. @param env what `${NAME}` stands for, and what `.env` holds */
export function readComposeFiles(texts: readonly string[], env: Env): ComposeFile {
  const files = texts.map((text) => readCompose(text, env));
  const byName = Map.groupBy(
    files.flatMap(({ services }) => services),
    ({ name }) => name,
  );
  const services = [...byName.values()].map(layered);
  const unread = files.flatMap((file) => file.unread);
  return {
    services: services.map((service) => {
      if (service.like === undefined) return service;
      const base = services.find(({ name }) => name === service.like);
      if (!base) unread.push(`${service.name}: extends`);
      return base ? { ...layered([base, service]), name: service.name } : service;
    }),
    unread,
  };
}

function layered(layers: readonly ComposeService[]): ComposeService {
  return layers.reduce((below, above) => ({
    name: below.name,
    image: above.image ?? below.image,
    ports: [...below.ports, ...above.ports],
    networkMode: above.networkMode ?? below.networkMode,
    environment: new Map([...below.environment, ...above.environment]),
    command: above.command.length > 0 ? above.command : below.command,
    written: [...below.written, ...above.written],
    like: above.like ?? below.like,
  }));
}

/** @param env what `${NAME}` stands for, and what `.env` holds */
export function readCompose(text: string, env: Env): ComposeFile {
  const unread: string[] = [];
  const top = blocks(linesOf(text).filter((line) => line.trim() !== ''));
  const anchors = new Map(top.flatMap((part) => (part.anchor ? [[part.anchor, part] as const] : [])));
  const groups = top.filter(({ key }) => key === 'services');
  const services = groups
    .flatMap(({ body }) => blocks(body))
    .map(({ key: name, body }) => service(name, body));
  if (services.length === 0 || groups.some(({ value }) => value)) unread.push('services');
  if (top.some(({ key }) => key === 'include')) unread.push('include');

  function service(name: string, body: readonly string[]): ComposeService {
    const parts = new Map(blocks(body).map((part) => [part.key, part]));
    const like = extended(parts.get('extends'));
    if (parts.has('extends') && like === undefined) unread.push(`${name}: extends`);
    if (!mergesNothing(parts.get('<<'))) unread.push(`${name}: <<`);
    const written: string[] = [];
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
      environment: new Map([
        ...fromFiles(name, list('env_file')),
        ...environment(name, parts.get('environment'), written),
      ]),
      // A script is somebody else's program: only the command line of a list is read.
      command: parts.get('command')?.body.some((line) => line.includes('|'))
        ? []
        : [...list('entrypoint'), ...list('command')],
      written,
      like,
    };
  }

  /** Whether an alias brings nothing that is looked at here. */
  function mergesNothing(part: Block | undefined): boolean {
    const names = part?.value.match(/[^\s,[\]]+/g) ?? [];
    return names.every((alias) => {
      const from = anchors.get(alias.replace(/^\*/, ''));
      return from !== undefined && blocks(from.body).every(({ key }) => key !== '<<' && !looked.has(key));
    });
  }

  function fromFiles(name: string, files: readonly string[]): [string, string | undefined][] {
    if (files.some((file) => file !== '.env' && file !== './.env')) unread.push(`${name}: env_file`);
    return files.length > 0 ? Object.entries(env) : [];
  }

  function environment(
    name: string,
    part: Block | undefined,
    written: string[],
  ): Map<string, string | undefined> {
    if (part?.value || part?.body.some((line) => line.trimStart().startsWith('<<')))
      unread.push(`${name}: environment`);
    const pairs = new Map<string, string | undefined>();
    for (const line of part?.body ?? []) {
      const match = /^\s*(?:-\s*["']?([A-Za-z_]\w*)(?:=(.*?))?["']?|([A-Za-z_]\w*):(?:\s+(.*))?)$/.exec(line);
      const variable = match?.[1] ?? match?.[3];
      if (variable === undefined) continue;
      const value = match?.[2] ?? match?.[4];
      if (value !== undefined && unquote(value.trim()) !== '' && !value.includes('$')) written.push(variable);
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

/** `app`, or `{ file: docker-compose.yml, service: app }`; undefined: in a file that is not read here, or there is none. */
function extended(part: Block | undefined): string | undefined {
  if (!part) return undefined;
  const text = [part.value, ...part.body].join(' ');
  const file = /\bfile:\s*["']?([^\s"',}]+)/.exec(text)?.[1];
  if (file !== undefined && !ownFile.test(file)) return undefined;
  return /\bservice:\s*["']?([\w.-]+)/.exec(text)?.[1] ?? /^["']?([\w.-]+)["']?$/.exec(part.value)?.[1];
}

interface Block {
  readonly key: string;
  /** What stands on the line of the key. */
  readonly value: string;
  /** The name under which others take it over. */
  readonly anchor: string | undefined;
  readonly body: readonly string[];
}

/** The keys of the first line's depth, each with the deeper lines below it. */
function blocks(lines: readonly string[]): Block[] {
  const [first = ''] = lines;
  const indent = first.length - first.trimStart().length;
  const found: { key: string; value: string; anchor: string | undefined; body: string[] }[] = [];
  for (const line of lines) {
    const match =
      line.length - line.trimStart().length === indent
        ? /^\s*["']?([\w.<-]+)["']?:(?:\s+(.*))?$/.exec(line)
        : null;
    const [, key = '', rest = ''] = match ?? [];
    const anchor = /^&(\S+)/.exec(rest)?.[1];
    if (match) found.push({ key, value: rest.replace(/^&\S+\s*/, ''), anchor, body: [] });
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
  // `!reset` and `!override` say how a file is laid over another.
  if (value.startsWith('!') || value.startsWith('*')) return undefined;
  if (value !== '') return value.split(/\s+/);
  return rest.every((line) => line.startsWith('- ') && !/^- \w+:(\s|$)/.test(line))
    ? rest.map((line) => unquote(line.slice(2).trim()))
    : undefined;
}

function unquote(text: string): string {
  const match = /^(["'])(.*)\1$/s.exec(text.trim());
  return match ? (match[2] ?? '') : text.trim();
}
