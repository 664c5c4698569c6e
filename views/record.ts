// The record, for operators: whether it is intact, the search form, and the entries, newest first and updated live.
import { count } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { card, empty, notice, timeAgo } from './parts.ts';
import { type RecordRowView, recordRow } from './record-row.ts';

export interface RecordProps {
  readonly now: number;
  readonly chain:
    | { readonly state: 'intact'; readonly entries: number; readonly from: number; readonly at: number }
    | {
        readonly state: 'tampered';
        readonly entries: number;
        readonly first: string;
        readonly findings: number;
        readonly at: number;
      }
    | { readonly state: 'reading' };
  readonly rows: readonly RecordRowView[];
  readonly next: string | undefined;
  /** Whether there are earlier pages. */
  readonly isLater: boolean;
  readonly filtered: boolean;
  /** The search, as it was typed. */
  readonly asked: {
    readonly person?: string | undefined;
    readonly event?: string | undefined;
    readonly weight?: string | undefined;
    readonly handle?: string | undefined;
    readonly from?: string | undefined;
    readonly to?: string | undefined;
  };
  readonly events: readonly (readonly [name: string, about: string])[];
}

/** Form GET `/record`: `person`, `event`, `weight`, `handle`, `from`, `to`. */
export function record(frame: Frame, props: RecordProps): Html {
  const { rows, now, filtered, isLater } = props;
  const isLive = !filtered && !isLater;
  return layout(
    frame,
    {
      title: 'The record',
      lead: 'What happened here, and whether anybody has changed it since.',
    },
    html`${chainNotice(frame, props)}
${filterForm(props)}
${
  rows.length === 0
    ? empty(
        frame,
        'clock',
        filtered ? 'Nothing like that is in the record' : 'Nothing has happened yet',
        filtered
          ? html`Try fewer filters. <a href="/record">Show everything</a>`
          : 'Sign-ins, sign-outs, refusals and changes will stand here.',
      )
    : card(
        filtered ? 'What was found' : 'Entries',
        html`<ol class="entries"${isLive && html` data-live="/record/live?after=${rows[0]?.seq ?? 0}"`}>${rows.map((row) => recordRow(row, now))}</ol>`,
        isLive && html`<span class="muted small live-mark" hidden>New entries appear by themselves.</span>`,
      )
}
${pageLinks(props)}`,
  );
}

function chainNotice(frame: Frame, { chain, now }: RecordProps): Html {
  switch (chain.state) {
    case 'intact':
      return notice(
        frame,
        'good',
        chain.entries === 1 ? 'One entry, unbroken' : `${count(chain.entries)} entries, unbroken`,
        html`<p>Every entry was compared with the chain ${timeAgo(chain.at, now)}. Whoever holds the key could still replace the whole: keep checkpoints elsewhere, <code>gatehouse audit checkpoint</code>.</p>`,
      );
    case 'tampered':
      return html`<div role="alert">${notice(
        frame,
        'bad',
        'The record was changed',
        html`<p>The first thing that was found: ${chain.first}${chain.findings > 1 && html` In all, ${count(chain.findings)} things were found.`} Checked ${timeAgo(chain.at, now)}.</p><p>Keep a copy of the store and of <code>AUDIT_LOG_FILE</code> as they are, then compare with a checkpoint: <code>gatehouse audit verify --checkpoint FILE</code></p>`,
      )}</div>`;
    case 'reading':
      return notice(
        frame,
        'info',
        'The record is being compared with its chain',
        html`<p>It is long. Open this page again in a moment.</p>`,
      );
  }
}

// Days are those of the record (UTC), regardless of the reader’s time zone.
const utc = html`<span class="muted">(UTC)</span>`;

function filterForm({ asked, events, filtered }: RecordProps): Html {
  const { person = '', event = '', weight = '', handle = '', from = '', to = '' } = asked;
  const option = (value: string, label: string, chosen: string) =>
    html`<option value="${value}"${value === chosen && html` selected`}>${label}</option>`;
  return html`<form method="get" action="/record" class="search filters" role="search">
<div class="prefix"><label for="person">Address</label><input id="person" name="person" type="search" maxlength="254" autocomplete="off" autocapitalize="none" spellcheck="false" value="${person}"></div>
<div><label for="weight">Weight</label><select id="weight" name="weight">${option('', 'Everything', weight)}${option('alarm', 'Alarms', weight)}${option('change', 'Changes', weight)}${option('quiet', 'Quiet', weight)}</select></div>
<div><label for="event">Event</label><select id="event" name="event">${option('', 'Any', event)}${events.map(([name]) => option(name, name, event))}</select></div>
<div><label for="from">From ${utc}</label><input id="from" name="from" type="date" value="${from.slice(0, 10)}"></div>
<div><label for="to">To ${utc}</label><input id="to" name="to" type="date" value="${to.slice(0, 10)}"></div>
${handle !== '' && html`<div><label for="handle">Session handle</label><input id="handle" name="handle" maxlength="64" value="${handle}"></div>`}
<button type="submit">Show</button>${filtered && html`<a class="button" href="/record">Clear</a>`}
</form>`;
}

function pageLinks({ isLater, next, asked }: RecordProps): Content {
  const kept = Object.entries(asked).filter(
    (pair): pair is [string, string] => pair[0] !== 'cursor' && pair[1] !== undefined,
  );
  const query = (more: Record<string, string>) =>
    new URLSearchParams([...kept, ...Object.entries(more)]).toString();
  return html`<nav class="pages" aria-label="Pages">${isLater && html`<a class="button" href="/record?${query({})}">First page</a>`}${next !== undefined && html`<a class="button" href="/record?${query({ cursor: next })}" rel="next">Next page</a>`}<a class="button" href="/record/export?${query({ format: 'csv' })}" download>Export as CSV</a><a class="button" href="/record/export?${query({ format: 'json' })}" download>Export as JSON lines</a></nav>`;
}
