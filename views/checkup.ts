// The operators' check-up page: the summary first, then findings by subject with their fixes, what was not checked, and what is fine.
import { count } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { card, copyable, notice, pill, prose, tag, timeAgo } from './parts.ts';

type Severity = 'high' | 'medium' | 'low' | 'note';

export interface CheckupFinding {
  readonly id: string;
  readonly severity: Severity;
  readonly seen: string;
  readonly why: string;
  /** One or more lines to paste. */
  readonly mend: string;
}

interface CheckName {
  readonly id: string;
  /** The state if all is well. */
  readonly good: string;
}

export interface CheckupProps {
  /** "Nothing at high. 2 medium." */
  readonly summary: string;
  readonly worst: Severity | undefined;
  readonly lookedAt: number;
  readonly now: number;
  readonly groups: readonly { readonly subject: string; readonly findings: readonly CheckupFinding[] }[];
  /** What exists but could not be read, by reason. */
  readonly unread: readonly {
    readonly reason: string;
    readonly checks: readonly (CheckName & { readonly severity: Severity })[];
  }[];
  readonly notChecked: readonly { readonly reason: string; readonly checks: readonly CheckName[] }[];
  readonly passed: readonly CheckName[];
  readonly symptoms: readonly {
    readonly says: string;
    readonly lookAt: string;
    readonly checks: readonly (CheckName & {
      readonly state: 'passed' | 'found' | 'not read' | 'not checked';
    })[];
  }[];
}

export function checkup(frame: Frame, props: CheckupProps): Html {
  const { groups, unread, notChecked, passed, symptoms } = props;
  const unseen = notChecked.reduce((sum, group) => sum + group.checks.length, 0);
  return layout(
    frame,
    {
      title: 'Check-up',
      heading: 'Is this deployment hardened?',
      lead: 'Settings, cookies, the gate, files and Redis, as the server sees them. Nothing is changed by looking.',
    },
    html`${state(frame, props)}
${groups.map(({ subject, findings }) => card(subject, html`<ul class="findings">${findings.map((finding) => row(frame, finding))}</ul>`))}
${unread.length > 0 && card('Could not be read', html`<p>These neither passed nor failed. Fix what the reason names, then run the check-up again.</p><dl class="reasons">${unread.map(({ reason, checks }) => html`<div><dt>${capital(prose(reason), reason)}.</dt>${checks.map(({ id, good, severity }) => html`<dd>${severityPill(frame, severity)} ${prose(good)} <code class="muted small">${id}</code></dd>`)}</div>`)}</dl>`)}
${unseen > 0 && fold(`${plural(unseen, 'check')} could not look from here`, html`<dl class="reasons">${notChecked.map(({ reason, checks }) => html`<div><dt>${capital(prose(reason), reason)}.</dt>${checks.map(({ id, good }) => html`<dd>${good} <code class="muted small">${id}</code></dd>`)}</div>`)}</dl>`)}
${passed.length > 0 && fold(`${plural(passed.length, 'check')} passed`, html`<ul class="well">${passed.map(({ id, good }) => html`<li>${pill(frame, 'good', 'well')}<span>${prose(good)} <code class="muted small">${id}</code></span></li>`)}</ul>`)}
<section class="card"><h2>When somebody says …</h2>
<div class="symptoms">${symptoms.map((symptom) => fold(symptom.says, symptomBody(frame, symptom)))}</div></section>
<p class="muted small">From outside, and with the files of the gate, <code>gatehouse doctor --url</code> sees more.</p>`,
  );
}

function state(frame: Frame, { summary, worst, passed, lookedAt, now }: CheckupProps): Html {
  const tone = worst === 'high' ? 'bad' : worst === 'medium' ? 'weak' : 'good';
  return notice(
    frame,
    tone,
    summary,
    html`<p>${plural(passed.length, 'check')} passed. Looked ${timeAgo(lookedAt, now)}; open this page again after half a minute for a new look.</p>`,
  );
}

function row(frame: Frame, { id, severity, seen, why, mend }: CheckupFinding): Html {
  return html`<li><div class="what">${severityPill(frame, severity)}<code class="muted small">${id}</code></div>
<p class="strong">${prose(seen)}</p>
<p class="muted">${prose(why)}</p>
<div class="mend"><span class="muted small">Fix</span><div>${mend.split('\n').map((line) => html`<div>${copyable(frame, line, 'the fix')}</div>`)}</div></div></li>`;
}

function severityPill(frame: Frame, severity: Severity): Html {
  switch (severity) {
    case 'high':
      return pill(frame, 'bad', 'high');
    case 'medium':
      return pill(frame, 'weak', 'medium');
    case 'low':
      return pill(frame, 'info', 'low');
    case 'note':
      return tag('note');
  }
}

function symptomBody(frame: Frame, { lookAt, checks }: CheckupProps['symptoms'][number]): Html {
  const pills = {
    passed: ['good', 'well'],
    found: ['weak', 'found'],
    'not read': ['weak', 'could not be read'],
    'not checked': ['unknown', 'not checked'],
  } as const;
  return html`<ul class="well">${checks.map(({ id, good, state: is }) => html`<li>${pill(frame, pills[is][0], pills[is][1])}<span>${prose(good)} <code class="muted small">${id}</code></span></li>`)}</ul>
<p class="muted small">${prose(lookAt)}</p>`;
}

function fold(summary: Content, body: Content): Html {
  return html`<details class="fold"><summary class="fold-name">${summary}</summary><div class="fold-body">${body}</div></details>`;
}

function plural(amount: number, thing: string): string {
  return `${count(amount)} ${thing}${amount === 1 ? '' : 's'}`;
}

function capital(content: Content, text: string): Content {
  return /^[a-z]/.test(text) ? prose((text[0] ?? '').toUpperCase() + text.slice(1)) : content;
}
