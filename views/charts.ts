// Small charts of the last days: SVG that uses only attributes and classes (the CSP forbids inline styles), each with a sentence above and
// its numbers in a table below, so that nobody depends on the picture.
import { scaleBand, scaleLinear, scalePoint } from 'd3-scale';
import { area, line } from 'd3-shape';
import { count } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import { card } from './parts.ts';

/** One day, `2026-11-23` in UTC, and its count. */
export interface DayCount {
  readonly day: string;
  readonly n: number;
}

export interface EveryonesCharts {
  /** Oldest first; the last one is today. The other lists are ordered the same way. */
  readonly signIns: readonly DayCount[];
  readonly live: {
    /** undefined if currently unknown. */
    readonly now: number | undefined;
    /** The most live sessions at one time, by day. */
    readonly highest: readonly DayCount[];
  };
  /** Devices of the sign-ins of these days. */
  readonly devices: readonly {
    readonly kind: 'desktop' | 'mobile' | 'tablet' | 'unknown';
    readonly n: number;
  }[];
  readonly refused: readonly (DayCount & { readonly reasons: readonly Reason[] })[];
}

interface Reason {
  readonly name: string;
  readonly n: number;
}

/** The charts of everyone's sessions, for operators. */
export function everyonesCharts({ signIns, live, devices, refused }: EveryonesCharts): Html {
  return html`<section class="charts" aria-label="The last ${signIns.length} days">
${chartCard('Sign-ins by day', signInSentence(signIns), bars('sign-ins', 'Sign-ins by day', signIns), table('Sign-ins', signIns))}
${chartCard('Live sessions', liveSentence(live), curve('live', 'The most live sessions of each day', live.highest), table('Most at one time', live.highest))}
${card('Devices', deviceList(devices, signIns.length))}
${chartCard('Refused requests', refusedSentence(refused), bars('refused', 'Refused requests by day', refused), refusedTable(refused), 'warm')}
</section>`;
}

/** Drawing a chart costs more than the rest of its page, and the numbers of a member are read once a minute. */
const drawn = new WeakMap<readonly DayCount[], Html>();

/** The chart of a member's own sign-ins. The same array gives the same chart: it must not be changed. */
export function ownChart(days: readonly DayCount[]): Html {
  const chart = drawn.get(days) ?? drawOwnChart(days);
  drawn.set(days, chart);
  return chart;
}

function drawOwnChart(days: readonly DayCount[]): Html {
  return chartCard(
    'Your sign-ins by day',
    signInSentence(days),
    bars('own-sign-ins', 'Your sign-ins by day', days),
    table('Sign-ins', days),
  );
}

function chartCard(title: string, sentence: Content, picture: Html, numbers: Html, tone = ''): Html {
  return card(
    title,
    html`<p class="muted">${sentence}</p><div class="chart ${tone}">${picture}</div><details class="numbers"><summary>Show the numbers</summary>${numbers}</details>`,
  );
}

const height = 132;
const top = 20;
const bottom = 110;

/** Two horizontal lines, the upper one labelled with its value; below them the first day, the day a week ago, and today. */
function frame(id: string, title: string, days: readonly DayCount[], highest: number, inside: Html): Html {
  const described = days.map(({ day, n }) => `${shortDay(day)}: ${count(n)}`).join(', ');
  const x = scaleBand(
    days.map(({ day }) => day),
    [0, 100],
  );
  const mark = (index: number, anchor: 'start' | 'middle' | 'end', words: string) => {
    const { day } = days[index] ?? { day: '' };
    const within = { start: 0, middle: x.bandwidth() / 2, end: x.bandwidth() }[anchor];
    const at = round((x(day) ?? 0) + within);
    return html`<text x="${at}%" y="${height - 4}" text-anchor="${anchor}">${words}</text>`;
  };
  const last = days.length - 1;
  return html`<svg width="100%" height="${height}" role="img" aria-labelledby="${id}-title ${id}-numbers"><title id="${id}-title">${title}</title><desc id="${id}-numbers">${described}</desc>
<line class="grid" x1="0" x2="100%" y1="${top}" y2="${top}"/><text x="0" y="${top - 6}">${count(highest)}</text>
${inside}
<line class="base" x1="0" x2="100%" y1="${bottom}" y2="${bottom}"/>
${mark(0, 'start', shortDay(days[0]?.day ?? ''))}${last >= 13 && mark(last - 7, 'middle', shortDay(days[last - 7]?.day ?? ''))}${mark(last, 'end', 'today')}</svg>`;
}

function bars(id: string, title: string, days: readonly DayCount[]): Html {
  const x = scaleBand(
    days.map(({ day }) => day),
    [0, 100],
  ).padding(0.28);
  const y = heightOf(days);
  return frame(
    id,
    title,
    days,
    y.domain()[1] ?? 0,
    html`${days.map(({ day, n }) => {
      const from = n === 0 ? bottom - 1 : Math.min(y(n), bottom - 3);
      return html`<g class="${n === 0 ? 'none' : 'bar'}"><title>${shortDay(day)}: ${count(n)}</title><rect class="reach" x="${round(x(day) ?? 0)}%" y="${top}" width="${round(x.bandwidth())}%" height="${bottom - top}"/><rect x="${round(x(day) ?? 0)}%" y="${round(from)}" width="${round(x.bandwidth())}%" height="${round(bottom - from)}" rx="2"/></g>`;
    })}`,
  );
}

function curve(id: string, title: string, days: readonly DayCount[]): Html {
  const x = scalePoint(
    days.map(({ day }) => day),
    [0, 100],
  ).padding(0.5);
  const y = heightOf(days);
  const at = ({ day }: DayCount) => x(day) ?? 0;
  const known = days.slice(
    Math.max(
      0,
      days.findIndex(({ n }) => n > 0),
    ),
  );
  const isKnown = days.some(({ n }) => n > 0);
  const surface = area<DayCount>(at, bottom, ({ n }) => y(n)).digits(2)(known);
  const edge = line<DayCount>(at, ({ n }) => y(n)).digits(2)(known);
  // The inner picture is stretched to the full width; the width of its line is not.
  return frame(
    id,
    title,
    days,
    y.domain()[1] ?? 0,
    html`${isKnown && html`<svg width="100%" height="${height}" viewBox="0 0 100 ${height}" preserveAspectRatio="none"><path class="surface" d="${surface ?? ''}"/><path class="edge" vector-effect="non-scaling-stroke" d="${edge ?? ''}"/></svg>${known.map((point) => html`<g class="point"><title>${shortDay(point.day)}: ${count(point.n)}</title><circle cx="${round(at(point))}%" cy="${round(y(point.n))}" r="3"/></g>`)}`}`,
  );
}

/** The top of the scale: a round whole number, large enough that a single sign-in does not look like a flood. */
function heightOf(days: readonly DayCount[]) {
  const most = Math.max(4, ...days.map(({ n }) => n));
  return scaleLinear([0, most], [bottom, top]).nice(4);
}

const kinds = { desktop: 'Desktop', mobile: 'Phone', tablet: 'Tablet', unknown: 'Other' } as const;

function deviceList(devices: EveryonesCharts['devices'], days: number): Html {
  const all = devices.reduce((sum, { n }) => sum + n, 0);
  const widest = scaleLinear([0, Math.max(1, ...devices.map(({ n }) => n))], [0, 100]);
  const sentence =
    all === 0
      ? 'Which kinds of device people sign in from shows here after the first sign-in.'
      : `What people signed in from, in the last ${days} days.`;
  return html`<p class="muted">${sentence}</p><ul class="bar-list">${devices.map(
    ({ kind, n }) =>
      html`<li><p class="spread"><span>${kinds[kind]}</span><span class="number">${count(n)}</span></p><svg width="100%" height="8" aria-hidden="true"><rect class="track" width="100%" height="8" rx="4"/><rect class="fill" width="${round(widest(n))}%" height="8" rx="4"/></svg></li>`,
  )}</ul>`;
}

function signInSentence(days: readonly DayCount[]): string {
  const all = sum(days);
  if (all === 0) return `None in the last ${days.length} days; each one counts here within seconds.`;
  return `${count(all)} in the last ${days.length} days, ${todayWords(days)}.`;
}

function todayWords(days: readonly DayCount[]): string {
  const today = days.at(-1)?.n ?? 0;
  if (today > 0 && today === sum(days)) return 'all of them today';
  return today === 0 ? 'none of them today' : `${count(today)} of them today`;
}

function liveSentence({ now, highest }: EveryonesCharts['live']): string {
  const most = highest.reduce((best, day) => (day.n > best.n ? day : best), { day: '', n: 0 });
  const here = now === undefined ? 'Not known just now' : `${count(now)} now`;
  if (most.n === 0) return `${here}. The most of each day shows here.`;
  const when = most.day === highest.at(-1)?.day ? 'today' : `on ${shortDay(most.day)}`;
  return `${here}; at most ${count(most.n)} at one time, ${when}.`;
}

function refusedSentence(days: EveryonesCharts['refused']): string {
  const all = sum(days);
  if (all === 0) return `None in the last ${days.length} days. That is how it should be.`;
  const byName = new Map<string, number>();
  for (const { name, n } of days.flatMap(({ reasons }) => reasons))
    byName.set(name, (byName.get(name) ?? 0) + n);
  const [most] = [...byName].sort(([, a], [, b]) => b - a);
  return `${count(all)} in the last ${days.length} days, ${todayWords(days)}. Most often: ${most?.[0] ?? ''}.`;
}

function table(what: string, days: readonly DayCount[]): Html {
  return html`<table><thead><tr><th scope="col">Day</th><th scope="col">${what}</th></tr></thead><tbody>${days.toReversed().map(({ day, n }) => html`<tr><th scope="row"><time datetime="${day}">${shortDay(day)}</time></th><td>${count(n)}</td></tr>`)}</tbody></table>`;
}

function refusedTable(days: EveryonesCharts['refused']): Html {
  return html`<table><thead><tr><th scope="col">Day</th><th scope="col">Refused</th><th scope="col">Why</th></tr></thead><tbody>${days.toReversed().map(({ day, n, reasons }) => html`<tr><th scope="row"><time datetime="${day}">${shortDay(day)}</time></th><td>${count(n)}</td><td>${reasons.map((reason) => `${reason.name}: ${count(reason.n)}`).join(', ')}</td></tr>`)}</tbody></table>`;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** "23 Nov". */
function shortDay(day: string): string {
  const [, month, date] = day.split('-');
  return `${Number(date)} ${months[Number(month) - 1] ?? ''}`;
}

function sum(days: readonly DayCount[]): number {
  return days.reduce((total, { n }) => total + n, 0);
}

const round = (value: number) => Math.round(value * 100) / 100;
