// Exports, for operators: the form on a page or a space, and the list of exported files.
import { bytes, count } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { libraryScript } from './library-parts.ts';
import { card, copyable, empty, icon, meter, notice, timeAgo } from './parts.ts';

export interface ExportTarget {
  readonly kind: 'page' | 'space';
  /** The page's id or the space's key. */
  readonly id: string;
}

/** Form: POST `/library/exports` with `_csrf`, `page` or `space`, `format`. */
export function exportForm(frame: Frame, { kind, id }: ExportTarget): Html {
  const radio = (value: string, label: string, first = false) =>
    html`<label><input type="radio" name="format" value="${value}"${first && html` checked`}><span>${label}</span></label>`;
  return card(
    kind === 'page' ? 'Export this page' : 'Export this space',
    html`<form class="export" method="post" action="/library/exports?sent=1"><input type="hidden" name="_csrf" value="${frame.csrfToken}"><input type="hidden" name="${kind}" value="${id}">
<fieldset class="segments"><legend class="visually-hidden">Format</legend><div>${radio('html', 'HTML', true)}${radio('markdown', 'Markdown')}${radio('pdf', 'PDF')}</div></fieldset>
<button type="submit">Export</button></form>`,
  );
}

export interface ExportsProps {
  readonly now: number;
  /** Their folder on this machine. */
  readonly folder: string;
  readonly files: readonly {
    readonly id: string;
    readonly name: string;
    readonly size: number;
    readonly at: number;
  }[];
  /** The number of files that are not listed. */
  readonly more: number;
  readonly current:
    | { readonly state: 'running'; readonly done: number; readonly total: number }
    | {
        readonly state: 'done';
        readonly files: number;
        readonly failed: readonly { readonly title: string; readonly reason: string }[];
      }
    | { readonly state: 'refused'; readonly title: string; readonly detail: string }
    | undefined;
}

export function libraryExports(frame: Frame, { now, folder, files, more, current }: ExportsProps): Html {
  return layout(
    frame,
    {
      title: 'Exported files',
      above: html`<nav class="crumbs" aria-label="Where this is"><ol><li><a class="crumb" href="/library">Library</a></li></ol></nav>`,
      lead: html`On this machine they lie in ${copyable(frame, folder, 'the folder')}`,
    },
    html`${current && state(frame, current)}
${
  files.length === 0
    ? empty(
        frame,
        'file',
        'Nothing has been exported yet',
        'Open a page or a space of the library and choose a format there.',
      )
    : html`<section class="card"><ul class="attached">${files.map(
        ({ id, name, size, at }) =>
          html`<li>${icon(frame, 'file')}<a class="file-link" href="/library/exports/${id}">${name}</a> <span class="muted small number">${bytes(size)} · ${timeAgo(at, now)}</span></li>`,
      )}</ul></section>`
}
${more > 0 && html`<p class="muted">${count(more)} older files are in the folder.</p>`}
${libraryScript(frame)}`,
  );
}

function state(frame: Frame, current: NonNullable<ExportsProps['current']>): Content {
  switch (current.state) {
    case 'running': {
      const text = `${count(current.done)} of ${count(current.total)} pages`;
      return html`<section class="card sync" data-live="/library/exports"><div class="spread"><h2>Exporting</h2><span class="muted">${text}</span></div>${meter({ label: 'Export', value: current.done, max: current.total, text })}<noscript><p><a href="/library/exports">Show how far it is now</a></p></noscript></section>`;
    }
    case 'refused':
      return notice(frame, 'bad', current.title, html`<p>${current.detail}</p>`);
    case 'done':
      if (current.failed.length === 0)
        return notice(
          frame,
          'good',
          current.files === 1 ? 'One file was written' : `${count(current.files)} files were written`,
        );
      return notice(
        frame,
        'weak',
        `${count(current.files)} files were written, ${count(current.failed.length)} pages were not`,
        html`<ul>${current.failed.slice(0, 20).map(({ title, reason }) => html`<li>${title}: ${reason}</li>`)}</ul>`,
      );
  }
}
