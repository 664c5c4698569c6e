// Explains why what was pasted is rejected: what is wrong and what to do, never what was pasted.

/** `position`: which cookie, from 1. */
export type PasteRefusal =
  | { readonly kind: PlainKind }
  | { readonly kind: PositionKind; readonly position: number };

type PlainKind =
  | 'empty'
  | 'too_big'
  | 'too_much'
  | 'lines'
  | 'control'
  | 'foreign'
  | 'set_cookie'
  | 'curl_quotes'
  | 'curl_shell'
  | 'curl_no_cookie'
  | 'curl_two'
  | 'curl_file'
  | 'curl_no_host'
  | 'curl_other_host'
  | 'export_unreadable'
  | 'export_other_host'
  | 'export_expired';
type PositionKind = 'attribute' | 'no_equals' | 'bad_name' | 'bad_value' | 'duplicate' | 'export_shape';

const words: Record<PlainKind, string> = {
  empty: 'There are no cookies in it. Copy the whole Cookie line, or the request as cURL.',
  too_big:
    'The cookies are larger than 8 KB together; no server would take them. Copy only those of this service.',
  too_much: 'That is more text than cookies need. Copy one request only.',
  lines: 'It goes over several lines, which a Cookie line never does. Copy the value of that one line only.',
  control: 'There is an invisible control character in it. Copy it once more, straight from the browser.',
  foreign:
    'There are letters in it that cannot stand in a cookie. Copy it once more, straight from the browser.',
  set_cookie: 'That is a Set-Cookie line, from an answer. Copy the Cookie line of a request.',
  curl_quotes: 'The cURL command is cut off or its quotes do not match. Copy it once more, as a whole.',
  curl_shell: 'That is more than one cURL command. Copy a single request as cURL.',
  curl_no_cookie:
    'This request carries no cookies. Choose another request, one to the service itself, while you are signed in.',
  curl_two: 'This request names its cookies twice. Copy the Cookie line alone.',
  curl_file: 'This command reads its cookies from a file. Copy the request from the browser instead.',
  curl_no_host: 'The cURL command does not say where it goes. Copy it once more, as a whole.',
  curl_other_host:
    'That request went to another host, so its cookies stay out. Choose a request to the service itself.',
  export_unreadable: 'It begins like JSON but is none, or was cut off. Export the cookies once more.',
  export_other_host: 'None of the exported cookies is for this host. Export them on a page of the service.',
  export_expired:
    'All cookies for this host in it have expired. Sign in to the service again, then export them.',
};

const ordered: Record<PositionKind, (nth: string) => string> = {
  attribute: (nth) =>
    `The ${nth} is an attribute such as Path or Secure, which only an answer has. Copy the Cookie line of a request.`,
  no_equals: (nth) => `The ${nth} has no “=”. Cookies look like name=value; name=value.`,
  bad_name: (nth) =>
    `The ${nth} has a name that no cookie can have. Copy it once more, straight from the browser.`,
  bad_value: (nth) =>
    `The ${nth} has a value that no cookie can have. Copy it once more, straight from the browser.`,
  duplicate: (nth) =>
    `The ${nth} has the same name as one before it, and it is not clear which one counts. Delete the one that is not meant.`,
  export_shape: (nth) => `The ${nth} lacks its name, value or domain. Export the cookies once more.`,
};

/** One or two sentences. */
export function refusalWords(refusal: PasteRefusal): string {
  if (!('position' in refusal)) return words[refusal.kind];
  return ordered[refusal.kind](`cookie at place ${refusal.position}`);
}
