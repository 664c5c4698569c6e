// Under which header names an app is told who is signed in: the `headers` of the apps file.

import { fieldsOf, stringOf } from './apps-fields.ts';
import { type Entry, shown, type Tell, type Tree } from './apps-tree.ts';
import type { AppHeaders } from './contract.ts';
import { presets } from './presets.ts';

const names = ['user', 'email', 'groups', 'assertion'] as const;
const isUserIs = (text: string): text is AppHeaders['userIs'] => ['email', 'name', 'id'].includes(text);

/** A token (RFC 9110, 5.6.2) that no server rewrites: several drop `_`, or take it for `-`. */
const headerName = /^[a-z][a-z\d-]{0,63}$/i;
const identity = [
  'x-forwarded-user',
  'x-forwarded-email',
  'x-forwarded-groups',
  'x-forwarded-preferred-username',
];
/**
 * Headers between the front and the app (RFC 9110, 7.6.1), the browser's own, those that tell an app another path or method, and those of
 * responses: the front gets these names in the answer of `/check`.
 */
const ofOthers = new Set(
  [
    'accept accept-charset accept-encoding accept-language authorization cache-control connection content-disposition',
    'content-encoding content-language content-length content-location content-range content-type cookie cookie2 date dnt expect',
    'forwarded from host http2-settings if-match if-modified-since if-none-match if-range if-unmodified-since keep-alive',
    'last-event-id max-forwards origin pragma proxy-authenticate proxy-authorization proxy-connection range referer set-cookie te',
    'trailer transfer-encoding upgrade upgrade-insecure-requests user-agent via x-csrf-token x-http-method x-http-method-override',
    'age allow alt-svc etag expires last-modified link location refresh retry-after server strict-transport-security vary',
    'www-authenticate x-sendfile',
    'x-method-override x-original-host x-original-method x-original-uri x-original-url x-real-ip x-requested-with x-rewrite-url',
  ].flatMap((line) => line.split(' ')),
);
const familyOfOthers = /^(?:x-guard-|x-forwarded-|x-accel-|sec-|access-control-|proxy-)/;

/** @param app its name in the file */
export function headersOf(tree: Tree, app: string, tell: Tell): AppHeaders | undefined {
  const what = `\`headers\` of \`${app}\``;
  if (tree.kind === 'string') {
    const preset = presets.get(tree.text);
    if (!preset)
      tell(tree.line, `${what}: there is no preset \`${shown(tree.text)}\`. There are ${presetNames()}.`);
    return preset?.headers;
  }
  const fields = fieldsOf(
    tree,
    [...names, 'user-is'],
    what,
    `a preset (${presetNames()}), or a mapping of header names`,
    tell,
  );
  if (!fields) return undefined;
  const used = new Map<string, string>();
  const found: { -readonly [K in (typeof names)[number]]?: string } = {};
  for (const name of names) {
    const header = nameOf(fields.get(name), `\`${name}\` in ${what}`, tell);
    if (header === undefined) continue;
    const other = used.get(header.toLowerCase());
    if (other !== undefined)
      tell(fields.get(name)?.line, `\`${name}\` and \`${other}\` in ${what} are the same header.`);
    used.set(header.toLowerCase(), name);
    found[name] = header;
  }
  return { ...found, userIs: userIsOf(fields, what, tell) };
}

function nameOf(entry: Entry | undefined, what: string, tell: Tell): string | undefined {
  if (!entry) return undefined;
  const text = stringOf(entry.value, what, 'a header name', tell);
  if (text === undefined) return undefined;
  const lower = text.toLowerCase();
  const isTaken = ofOthers.has(lower) || (familyOfOthers.test(lower) && !identity.includes(lower));
  if (!headerName.test(text)) {
    tell(
      entry.value.line,
      `${what} must be a header name of letters, digits and \`-\`, not \`${shown(text)}\`.`,
    );
  } else if (isTaken) {
    tell(
      entry.value.line,
      `${what} cannot be \`${text}\`: that header means something else. Use one like \`X-WEBAUTH-USER\`.`,
    );
  } else return text;
  return undefined;
}

function userIsOf(fields: ReadonlyMap<string, Entry>, what: string, tell: Tell): AppHeaders['userIs'] {
  const entry = fields.get('user-is');
  if (!entry) return 'email';
  const text = stringOf(entry.value, `\`user-is\` in ${what}`, '`email`, `name` or `id`', tell);
  if (text === undefined) return 'email';
  if (!fields.has('user')) tell(entry.line, `\`user-is\` in ${what} has no effect without \`user\`.`);
  if (isUserIs(text)) return text;
  tell(entry.value.line, `\`user-is\` in ${what} must be \`email\`, \`name\` or \`id\`.`);
  return 'email';
}

function presetNames(): string {
  return [...presets.keys()].map((name) => `\`${name}\``).join(', ');
}
