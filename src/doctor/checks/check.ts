// A check is a pure function over a deployment, with a stable id. Its verdict says what was seen or why it could not look, and never holds a secret.
import type { Deployment, Known, OutsideAnswer, OutsideProbe, OutsideView } from '../deployment.ts';

export const severities = ['high', 'medium', 'low', 'note'] as const;
export type Severity = (typeof severities)[number];

/** In the order of the report. */
export const subjects = [
  'Settings',
  'Secrets',
  'Cookies',
  'Lifetimes',
  'The gate',
  'Who gets in',
  'Redis',
  'Network',
  'Files',
  'Clocks',
  'Versions',
  'From outside',
  'The guard',
  'An app behind the guard',
] as const;
export type Subject = (typeof subjects)[number];

export type Verdict =
  | 'passed'
  /** `mend` replaces the check's own fix with one made for this deployment. */
  | { readonly seen: string; readonly mend?: string }
  /** There was nothing to look at from here, or another check reports it. */
  | { readonly notChecked: string }
  /** What the check looks at exists but could not be read: never an all-clear. */
  | { readonly unread: string };

export interface Check {
  /** Never changes once released. */
  readonly id: string;
  readonly subject: Subject;
  readonly severity: Severity;
  /** What holds if the check passes; a sentence without a full stop. */
  readonly good: string;
  /** One or two sentences. */
  readonly why: string;
  /** The fix: a line to paste, or the one thing to do. */
  readonly mend: string;
  judge(deployment: Deployment): Verdict;
}

/** A finding if `fault` is a non-empty string, otherwise passed. */
export function seenIf(fault: string | false | undefined, mend?: string): Verdict {
  if (fault === false || fault === undefined || fault === '') return 'passed';
  return mend === undefined ? { seen: fault } : { seen: fault, mend };
}

export const notChecked = (reason: string): Verdict => ({ notChecked: reason });

export const unread = (reason: string): Verdict => ({ unread: reason });

/** The verdict if the part of the deployment that a check needs is not known. */
export function missing(known: { readonly missing: string; readonly unread?: true }): Verdict {
  return known.unread ? unread(known.missing) : notChecked(known.missing);
}

/** Turns everything but a finding into `unread` if something relevant could not be read. */
export function unlessDoubted(verdict: Verdict, doubt: string | undefined): Verdict {
  const isFound = verdict !== 'passed' && 'seen' in verdict;
  return doubt === undefined || isFound ? verdict : unread(doubt);
}

/** A check of one part of the deployment, which may not be known. */
export function of<T>(
  part: (deployment: Deployment) => Known<T>,
  judge: (value: T, deployment: Deployment) => Verdict,
): Check['judge'] {
  return (deployment) => {
    const known = part(deployment);
    return 'missing' in known ? missing(known) : judge(known.found, deployment);
  };
}

export function ofConfig(judge: Parameters<typeof of<Found<'config'>>>[1]): Check['judge'] {
  const judged = of((d) => d.config, judge);
  return (deployment) => unlessDoubted(judged(deployment), deployment.doubts.config);
}

export function ofGate(judge: Parameters<typeof of<Found<'gate'>>>[1]): Check['judge'] {
  const judged = of((d) => d.gate, judge);
  return (deployment) => unlessDoubted(judged(deployment), deployment.doubts.gate);
}

/** A check that compares oauth2-proxy's settings with the app's. */
export function ofGateAndConfig(
  judge: (gate: Found<'gate'>, config: Found<'config'>, deployment: Deployment) => Verdict,
): Check['judge'] {
  return ofGate((gate, deployment) => ofConfig((config) => judge(gate, config, deployment))(deployment));
}

export const ofFiles = (judge: Parameters<typeof of<Found<'files'>>>[1]) => of((d) => d.files, judge);

type Found<Part extends 'config' | 'gate' | 'files'> = Extract<Deployment[Part], { found: unknown }>['found'];

/** Formats a value that is not a secret: short and on one line. */
export function quote(value: string): string {
  const plain = value.replace(/\p{Cc}|\p{Cf}/gu, '?');
  return `\`${plain.length > 90 ? `${plain.slice(0, 89)}…` : plain}\``;
}

export function quoteAll(values: readonly string[], shown = 5): string {
  const rest = values.length - shown;
  return values.slice(0, shown).map(quote).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

export const noAnswer = 'the request got no answer';

/** A check of one answer at the public address. Without that answer it cannot pass. */
export function ofAnswer(
  name: OutsideProbe,
  judge: (answer: OutsideAnswer, live: OutsideView) => Verdict,
): Check['judge'] {
  return of(
    (d) => d.live,
    (live) => {
      const answer = live.answers[name];
      if (answer) return judge(answer, live);
      return live.unreachable === undefined ? unread(noAnswer) : notChecked(noAnswer);
    },
  );
}

/** As `ofAnswer`, but a missing answer is a finding if the address answers at all. */
export function ofNeededAnswer(name: OutsideProbe, judge: Parameters<typeof ofAnswer>[1]): Check['judge'] {
  return of(
    (d) => d.live,
    (live, deployment) =>
      live.unreachable === undefined && !live.answers[name]
        ? { seen: 'It does not answer within 5 seconds.' }
        : ofAnswer(name, judge)(deployment),
  );
}
