// Why a request or a sync stopped: closed sets, and their texts for people.

/** Confluence does not accept our credentials: nothing more may be requested until somebody has fixed that. */
export const refusals = {
  none: 'There are no cookies and no token for Confluence.',
  closed: 'The vault does not open, so its cookies cannot be used.',
  expired: 'The cookies in the vault have expired.',
  refused: 'Confluence refused the cookies or the token.',
  forbidden: 'Confluence says that this account may not read here.',
  anonymous: 'Confluence does not know who we are any more: the sign-in is over.',
  sign_in_page: 'Confluence answered with its sign-in page: the sign-in is over.',
  challenged: 'Confluence asks for a CAPTCHA.',
} as const;

/** Other faults. */
export const faults = {
  private_address: 'The host has a private address. If that is right, set CONFLUENCE_ALLOW_PRIVATE=true.',
  plain_http: 'CONFLUENCE_URL is on plain http. If that is right, set CONFLUENCE_ALLOW_PRIVATE=true.',
  untrusted_certificate: 'The certificate of that host cannot be trusted.',
  unreachable: 'Confluence could not be reached.',
  unavailable: 'Confluence answered with errors.',
  too_slow: 'The answer took too long.',
  rate_limited: 'Confluence asks us to wait for a long time.',
  redirected: 'Confluence sent us elsewhere, and we did not go.',
  too_large: 'The answer is larger than we take.',
  garbled: 'The answer was not what Confluence’s documentation says.',
  not_found: 'There is no such thing at Confluence, or we may not see it.',
  not_stored:
    'It could not be written here: look at the space on the disk, and the owner and mode of DATA_DIR.',
  stopped: 'The sync was stopped.',
  session_ended: 'The session that started it has ended. Start it again, and it goes on from there.',
} as const;

export type Refusal = keyof typeof refusals;
export type Fault = keyof typeof faults;
export type Reason = Refusal | Fault;

export function isRefusal(reason: string): reason is Refusal {
  return Object.hasOwn(refusals, reason);
}

/** These resolve by themselves or were stopped by somebody; the others need somebody to look into them. */
export function pauses(reason: Reason): boolean {
  return isRefusal(reason) || ['stopped', 'session_ended', 'rate_limited'].includes(reason);
}

/** One sentence. */
export function wordsFor(reason: string): string {
  if (isRefusal(reason)) return refusals[reason];
  return Object.hasOwn(faults, reason) ? faults[reason as Fault] : 'Something unexpected happened.';
}

/** A request that will not be answered; its reason says who has to act. Contains no text from the other side. */
export class Unanswered extends Error {
  readonly reason: Reason;
  /** The status of the last answer, 0 if there was none. */
  readonly status: number;
  constructor(reason: Reason, status = 0) {
    super(wordsFor(reason));
    this.name = 'Unanswered';
    this.reason = reason;
    this.status = status;
  }
}
