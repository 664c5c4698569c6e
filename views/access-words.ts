// Explains why the allow-list cannot be read or changed: what is wrong, what it means, what to do.
import { type Content, type Html, html } from './html.ts';
import { notice, prose } from './parts.ts';

export type AccessRefusal =
  | { readonly kind: 'broken'; readonly line: number; readonly fault: 'quote' | 'columns' }
  | {
      readonly kind:
        | 'missing'
        | 'no-folder'
        | 'read-only'
        | 'no-rights'
        | 'not-owner'
        | 'mounted-alone'
        | 'linked'
        | 'not-a-file'
        | 'not-utf8'
        | 'too-big'
        | 'disk-full'
        | 'too-many-open'
        | 'broken-disk'
        | 'lock'
        | 'busy';
    };

interface Words {
  readonly title: string;
  /** `backticks` mark names and commands. */
  readonly text: string;
}

const words: Record<Exclude<AccessRefusal['kind'], 'broken'>, Words> = {
  missing: {
    title: 'There is no list yet.',
    text: 'Add the first address below and it is made, with your own on it; or make it by hand: `mkdir -p access && cp access/emails.txt.example access/emails.txt`. oauth2-proxy does not start without its list. If it runs, it reads another file: let `EMAILS_FILE` name the same one as its `authenticated_emails_file`.',
  },
  'no-folder': {
    title: 'The folder of the list is not there.',
    text: 'Nothing was changed. Make it (`mkdir -p access`), or let `EMAILS_FILE` name the right place.',
  },
  'read-only': {
    title: 'The list is mounted read-only.',
    text: 'Nothing was changed. Mount the folder of the list, not the file alone, and without `ro` for this dashboard; oauth2-proxy can keep it read-only. Until then, edit it where it is mounted from.',
  },
  'no-rights': {
    title: 'This dashboard may not write in the folder of the list.',
    text: 'Nothing was changed. Give the folder to the account that it runs as: `chown` it, or `chmod g+w` with a shared group.',
  },
  'not-owner': {
    title: 'The list belongs to another account.',
    text: 'Nothing was changed: writing it would change its owner, and oauth2-proxy might not be able to open it any more. `chown` the file to the account that this dashboard runs as.',
  },
  'mounted-alone': {
    title: 'The list is mounted as a single file.',
    text: 'Nothing was changed: such a file cannot be replaced in one step, and oauth2-proxy must never see half a list. Mount its folder instead.',
  },
  linked: {
    title: 'The list has a second name (a hard link).',
    text: 'Nothing was changed: oauth2-proxy would not notice the new list while the old one has another name. Make it a file of its own: `cp emails.txt new && mv new emails.txt`.',
  },
  'not-a-file': {
    title: 'What should be the list is not a file.',
    text: 'Nothing was changed. Docker makes a folder where a file to mount is missing: remove it, make the file, and mount its folder.',
  },
  'not-utf8': {
    title: 'The list is not UTF-8 text.',
    text: 'Nothing was changed, since it could not be written back as it was. Save it as UTF-8 in an editor.',
  },
  'too-big': {
    title: 'The list is larger than 1 MB.',
    text: 'Nothing was changed. That is more than a list of addresses needs; see whether `EMAILS_FILE` names the right file.',
  },
  'disk-full': {
    title: 'The disk is full.',
    text: 'Nothing was changed, and the old list is whole. Make room, then try again.',
  },
  'too-many-open': {
    title: 'Too many files are open.',
    text: 'Nothing was changed. Raise the limit (`ulimit -n`, LimitNOFILE= of systemd, `ulimits` of Compose) and restart this dashboard.',
  },
  'broken-disk': {
    title: 'The disk reports an error.',
    text: 'Nothing was changed. Look at the log of the system: the disk may be failing.',
  },
  lock: {
    title: 'The lock file next to the list was not created by Gatehouse.',
    text: 'Nothing was changed. Delete the file next to the list whose name ends with `.lock`, then try again.',
  },
  busy: {
    title: 'Somebody else is changing the list at this moment.',
    text: 'Nothing was changed. Try again.',
  },
};

/** @param path of the list; omitted if the page already shows it */
export function accessRefusal(
  assets: { readonly asset: (name: string) => string },
  refusal: AccessRefusal,
  path: string | undefined,
): Html {
  const { title, text } = refusal.kind === 'broken' ? brokenWords(refusal) : words[refusal.kind];
  const where: Content = path !== undefined && html`<p>The list: <code>${path}</code></p>`;
  return notice(
    assets,
    refusal.kind === 'missing' ? 'weak' : 'bad',
    title,
    html`<p>${prose(text)}</p>${where}`,
  );
}

function brokenWords({ line, fault }: Extract<AccessRefusal, { kind: 'broken' }>): Words {
  const what =
    fault === 'quote'
      ? 'a `"` stands where none may be'
      : 'it has more or fewer commas than the first one, and a comment must begin with `#` in the first column';
  return {
    title: `Line ${line} of the list cannot be read, so oauth2-proxy ignores all of it.`,
    text: `There ${what}. Until it is corrected, the gate keeps using the list it read last, and after a restart lets nobody in. Correct that line in the file; until then nothing can be changed here.`,
  };
}
