// The error page for every error: what is wrong, what it means, the next step, and a reference id at the end.
import { duration } from './format.ts';
import { type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { copyable } from './parts.ts';

export interface ErrorProps {
  readonly status: number;
  /** "That page does not exist". */
  readonly title: string;
  /** What it means for the reader, one or two sentences. */
  readonly detail: string;
  /** The next step. */
  readonly action: { readonly label: string; readonly href: string } | undefined;
  /** The request's id, for finding the log line. */
  readonly reference: string;
  /** Seconds after which the page reloads by itself. */
  readonly retryAfterS?: number;
  /** For operators: the cause, and what to do. */
  readonly cause?: {
    readonly code: string;
    readonly command?: string;
    readonly meaning: string;
    readonly mend: string;
  };
}

export function errorPage(frame: Frame, props: ErrorProps): Html {
  return layout(
    frame,
    {
      title: props.title,
      above: html`<p class="eyebrow">Error ${props.status}</p>`,
      lead: props.detail,
      shape: 'narrow',
      ...(props.retryAfterS === undefined ? {} : { refreshAfterS: props.retryAfterS }),
    },
    html`${
      props.retryAfterS !== undefined &&
      html`<p class="muted">This page tries again by itself in ${duration(props.retryAfterS * 1000)}.</p>`
    }
${props.cause && causeOf(props.cause)}
${props.action && html`<p class="actions"><a class="button primary" href="${props.action.href}">${props.action.label}</a></p>`}
<p class="muted small reference">Reference ${copyable(frame, props.reference, 'the reference')}</p>`,
  );
}

function causeOf({ code, command, meaning, mend }: NonNullable<ErrorProps['cause']>): Html {
  return html`<p class="small">For you as an operator: <code>${code}</code>${command && html` (<code>${command}</code>)`}. ${sentence(meaning)} ${sentence(mend)}</p>`;
}

const sentence = (words: string) => `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
