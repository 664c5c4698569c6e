// `gatehouse confluence sync|status`: the library without a browser; anyone with access to the terminal is an operator.
import { parseArgs } from 'node:util';
import { everything } from '../confluence/scope.ts';
import type { ConfluenceParts, SyncTask } from './confluence-run.ts';
import { type Command, using, type Wrong } from './terminal.ts';

const help = `gatehouse confluence sync [--space KEY]... [--days N] [--anew] [--json]
gatehouse confluence sync --page-id ID | --page-title TITLE --space KEY [--no-children] [--anew] [--json]
gatehouse confluence status [--json]
gatehouse confluence export --space KEY | --page-id ID [--format html|markdown|pdf]

  sync     fetches what changed in Confluence into the library: everything, or
           --space KEY         a space; may be given several times
           --days N            only what changed in the last N days
           --page-id ID        a page and the pages below it (--no-children: only the page)
           --page-title TITLE  the same, by its title in a space
           --anew              every page, including those that did not change
           A sync that was interrupted continues where it stopped if it is started again with the same options.
  status   shows how the last sync went, and whether Confluence still accepts the cookies or the token
  export   writes pages of the library to EXPORTS_DIR; see \`gatehouse confluence export --help\`

Exit code: 0 done, 1 paused or failed (the output says what to do), 2 the command is wrong.`;

export interface StatusTask {
  readonly task: 'status';
  readonly json: boolean;
}
type ConfluenceTask = SyncTask | StatusTask;

/** Exit code 1: paused or failed. */
export const confluenceCommand: Command<ConfluenceTask, ConfluenceParts> = {
  name: 'confluence',
  help,
  read: readConfluence,
  async parts() {
    const { configuration } = await import('./settings.ts');
    return (await import('./confluence-open.ts')).confluenceParts(configuration());
  },
  async run(task, parts, say) {
    const opened = await parts.open();
    if ('missing' in opened) {
      say.fault('Confluence is not configured; set CONFLUENCE_URL in .env');
      return 2;
    }
    return using(opened, async ({ confluence }) => {
      const { showStatus, sync } = await import('./confluence-run.ts');
      return task.task === 'sync'
        ? sync(task, confluence, parts, say)
        : showStatus(task.json, confluence, say);
    });
  },
};

const syncOptions = {
  space: { type: 'string', multiple: true },
  'page-id': { type: 'string' },
  'page-title': { type: 'string' },
  days: { type: 'string' },
  'no-children': { type: 'boolean' },
  anew: { type: 'boolean' },
  json: { type: 'boolean', default: false },
} as const;

function readConfluence([task, ...args]: readonly string[]): ConfluenceTask | Wrong {
  if (task === 'sync') return readSync(parseArgs({ args, options: syncOptions }).values);
  if (task === 'status') {
    const { values } = parseArgs({ args, options: { json: { type: 'boolean', default: false } } });
    return { task: 'status', json: values.json };
  }
  return { wrong: task === undefined ? 'say sync, status or export' : `there is no "${task}"` };
}

interface SyncValues {
  readonly space?: string[] | undefined;
  readonly 'page-id'?: string | undefined;
  readonly 'page-title'?: string | undefined;
  readonly days?: string | undefined;
  readonly 'no-children'?: boolean | undefined;
  readonly anew?: boolean | undefined;
  readonly json: boolean;
}

function readSync(values: SyncValues): SyncTask | Wrong {
  const { space: keys = [], 'page-id': id, 'page-title': title, days, anew, json } = values;
  const ofPage = id !== undefined || title !== undefined;
  if (id !== undefined && !/^[A-Za-z0-9_-]{1,64}$/.test(id))
    return { wrong: '--page-id takes the page’s number' };
  if (id !== undefined && (title !== undefined || keys.length > 0))
    return { wrong: '--page-id cannot be combined with --space or --page-title' };
  if (title !== undefined && keys.length !== 1)
    return { wrong: '--page-title needs exactly one --space KEY' };
  if (ofPage && days !== undefined) return { wrong: '--days goes with spaces, not with a page' };
  if (!ofPage && values['no-children']) return { wrong: '--no-children goes with --page-id or --page-title' };
  if (days !== undefined && !/^[1-9]\d{0,3}$/.test(days))
    return { wrong: '--days takes a number from 1 to 9999' };
  if (keys.some((key) => !/^[^\s\p{Cc}]{1,255}$/u.test(key))) return { wrong: '--space takes a space’s key' };
  const children = !values['no-children'];
  const [space = ''] = keys;
  const more = { ...(days && { days: Number(days) }), ...(anew && { anew }) };
  const named = { task: 'sync', json } as const;
  if (id !== undefined) return { ...named, scope: { of: { what: 'page', id, children }, ...more } };
  if (title !== undefined)
    return { ...named, scope: { of: { what: 'title', space, title, children }, ...more } };
  return { ...named, scope: { of: keys.length > 0 ? { what: 'spaces', keys } : everything.of, ...more } };
}
