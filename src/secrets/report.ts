// The result of a run as data; the text and the JSON output are made from it.
import type { Former } from './fallbacks.ts';
import type { SecretKind } from './kinds.ts';

/** What a run does to one secret, for the report and the other edits. */
export interface Step {
  readonly kind: SecretKind;
  /** `made`: it was missing, empty or a placeholder; `unfit`: kept, although it cannot be used; `elsewhere`: it is in a `NAME_FILE`. */
  readonly action: 'made' | 'rotated' | 'kept' | 'unfit' | 'elsewhere';
  /** The secret after the plan; undefined for `unfit` and `elsewhere`. */
  readonly secret?: string;
  /** The fit secret that it replaces. */
  readonly former?: string;
  /** Whether the former secret is still accepted, as a fallback. */
  readonly formerKept: boolean;
  /** The former secrets in its list, newest first, including those removed in this run. */
  readonly formers: readonly Former[];
  /** What people notice, without a full stop. */
  readonly people: string;
  /** Other variables that repeated the former secret and now repeat the new one. */
  readonly copies: readonly string[];
}

/** What was ended in an emergency. */
export interface Ended {
  /** Sessions deleted at the gate; `in cookies`: the gate stores none, and its cookies become worthless with its new secret. */
  readonly gate: number | 'unreachable' | 'in cookies';
  /** Sessions of the app. */
  readonly sessions: number | 'unreachable';
}

export interface Report {
  readonly outcome: 'created' | 'changed' | 'unchanged' | 'would-create' | 'would-change' | 'declined';
  readonly path: string;
  readonly steps: readonly Step[];
  readonly prune: boolean;
  readonly emergency: boolean;
  /** How many people are signed in, if all of them must sign in again; undefined if that cannot be determined. */
  readonly people: number | undefined;
  /** How many keys of the record did not fit in their list. */
  readonly recordKeysLost: number;
  /** Where the previous version of the file is kept. */
  readonly backup?: string;
  /** How many copies of earlier runs were removed. */
  readonly olderBackupsGone?: number;
  /**
   * Absent: untouched. `unfinished`: the new passphrase opens it, but so does the former one, or the stolen data key is
   * still in use. `not here`: there is a new passphrase, but no vault next to this file to apply it to. `elsewhere`: the same,
   * but there may be a vault in a container's volume, which needs the new passphrase by hand.
   */
  readonly vault?: 'changed' | 'unfinished' | 'not here' | 'elsewhere';
  readonly ended?: Ended;
  /** The file's mode was open to others, and is (or would be) 0600 now. */
  readonly tightened: boolean;
  readonly byHand: readonly string[];
}

/** Whether the secrets in the report are those in the file. */
export function isReal({ outcome }: Pick<Report, 'outcome'>): boolean {
  return outcome === 'created' || outcome === 'changed' || outcome === 'unchanged';
}

/** 1 if something is left to fix. */
export function exitCodeOf({ outcome, steps, vault }: Report): 0 | 1 {
  const isUnfit = steps.some(({ action }) => action === 'unfit');
  return outcome === 'declined' || isUnfit || vault === 'unfinished' ? 1 : 0;
}

/**
 * What no generator can know: what a person still has to fill in after .env is created.
 * @param values the contents of the new file
 * @returns a line for each thing left to do, without any secret
 */
export function leftToDo(values: Readonly<Record<string, string>>): string[] {
  const origin = originOf(values);
  const client = ['OAUTH2_PROXY_CLIENT_ID', 'OAUTH2_PROXY_CLIENT_SECRET'].filter((name) => !values[name]);
  return [
    `PUBLIC_URL: the address that browsers use, currently ${origin}`,
    client.length > 0 &&
      `${client.join(' and ')}: from https://console.cloud.google.com/apis/credentials (OAuth client ID, web application)`,
    `redirect URI to enter there, exactly: ${origin}/oauth2/callback`,
    !values['ADMIN_EMAILS'] && 'ADMIN_EMAILS: the operators, separated by commas',
    `${values['EMAILS_FILE'] || 'access/emails.txt'}: who may sign in, one address per line`,
  ].filter((line) => typeof line === 'string');
}

function originOf(values: Readonly<Record<string, string>>): string {
  const set = URL.parse(values['PUBLIC_URL'] ?? '')?.origin;
  return (
    set ?? (values['FUNNEL_HOSTNAME'] ? `https://${values['FUNNEL_HOSTNAME']}` : 'http://localhost:4180')
  );
}
