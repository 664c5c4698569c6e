// Who may sign in: shows and changes the allow-list, and then ends the sessions of people who were removed from it.
import type { RevocationRecorder } from '../audit/recorder.ts';
import { parseEmail } from '../config/email-address.ts';
import type { EditedFileFault } from '../store/edited-file-fault.ts';
import type { AccessFile } from './file.ts';
import { add, type Broken, type Entry, entries, remove } from './list.ts';

/** The person who changes the list. */
export interface Operator {
  readonly id: string;
  readonly email: string;
}

export interface AccessOptions {
  readonly file: AccessFile;
  readonly logger: { error(line: object): void };
  readonly recorder: RevocationRecorder;
  /** Ends every session of that address, here and at the gate. @returns how many ended here */
  readonly endPerson: (email: string, by: Operator) => Promise<number>;
  /** `ADMIN_EMAILS`, lower case. */
  readonly operators: ReadonlySet<string>;
  /** oauth2-proxy's `email_domains`. */
  readonly emailDomains: readonly string[];
}

/** One member per kind, so that a `switch` can tell them apart. */
type Kind<K extends string> = K extends string ? { readonly kind: K } : never;

export type Refusal = { readonly kind: 'fault'; readonly fault: EditedFileFault } | Broken;

export interface Shown {
  readonly kind: 'list';
  readonly entries: readonly Entry[];
  /** Operators who are not on the list. */
  readonly unlisted: readonly string[];
}

/** `created`: the list did not exist; it starts with the operator, who would otherwise be locked out. */
export type AddOutcome = Kind<'added' | 'created' | 'present' | 'invalid'> | Refusal;

/** What removing an address would lead to. */
export type RemovalCheck =
  | { readonly kind: 'listed'; readonly entry: Entry }
  | Kind<'absent' | 'yourself' | 'last'>
  | Refusal;

/** `removed`, `absent`: the sessions were ended in either case; `not-ended`: the list was changed, the sessions were not ended. */
export type RemoveOutcome =
  | { readonly kind: 'removed' | 'absent'; readonly ended: number }
  | Kind<'not-ended' | 'yourself' | 'last'>
  | Refusal;

export interface Access {
  readonly path: string;
  readonly emailDomains: readonly string[];
  show(): Shown | Refusal;
  isOperator(email: string): boolean;
  /** Whether `email_domains` admits this address whatever the list says. */
  isInByDomain(email: string): boolean;
  checkRemoval(email: string, by: Operator): RemovalCheck;
  add(text: string, comment: string, by: Operator): Promise<AddOutcome>;
  /** Safe to repeat: sessions are ended even if the address is gone already. */
  remove(email: string, by: Operator): Promise<RemoveOutcome>;
}

const firstLines = '# Who may sign in: one address per line, as Google spells it. Nobody else gets in.\n\n';

export function createAccess({
  file,
  logger,
  recorder,
  endPerson,
  operators,
  emailDomains,
}: AccessOptions): Access {
  function show(): Shown | Refusal {
    const found = file.read();
    if ('fault' in found) return { kind: 'fault', fault: found.fault };
    const list = entries(found.text);
    if (list.kind === 'broken') return list;
    const listed = new Set(list.entries.map(({ email }) => email));
    return {
      kind: 'list',
      entries: list.entries,
      unlisted: [...operators].filter((email) => !listed.has(email)),
    };
  }

  function checkRemoval(text: string, by: Operator): RemovalCheck {
    const email = text.toLowerCase();
    const shown = show();
    if (shown.kind !== 'list') return shown;
    const entry = shown.entries.find((one) => one.email === email);
    if (email === by.email) return { kind: 'yourself' };
    if (!entry) return { kind: 'absent' };
    return isLast(shown.entries, email) ? { kind: 'last' } : { kind: 'listed', entry };
  }

  return {
    path: file.path,
    emailDomains,
    show,
    isOperator: (email) => operators.has(email),
    isInByDomain: (email) => admittedByDomain(email, emailDomains),

    checkRemoval,

    async add(text, comment, by) {
      const email = parseEmail(text);
      if (email === undefined) return { kind: 'invalid' };
      const shown = show();
      const isNew = shown.kind !== 'list' || !shown.entries.some((one) => one.email === email);
      if (isNew) await recorder.write({ event: 'access.added', person: { email }, by });
      const done = await file.change<AddOutcome>((old) => {
        const added = add(old ?? begun(by), email, comment);
        if (old === undefined) {
          return { text: added.kind === 'added' ? added.text : begun(by), value: { kind: 'created' } };
        }
        return added.kind === 'added' ? { text: added.text, value: { kind: 'added' } } : { value: added };
      });
      if ('fault' in done) return { kind: 'fault', fault: done.fault };
      return done.value;
    },

    async remove(text, by) {
      const email = text.toLowerCase();
      if (email === by.email) return { kind: 'yourself' };
      if (checkRemoval(email, by).kind === 'listed')
        await recorder.writeEnding({ event: 'access.removed', person: { email }, by });
      const done = await file.change<Refusal | Kind<'removed' | 'absent' | 'last'>>((old) => {
        if (old === undefined) return { value: { kind: 'fault', fault: 'missing' } };
        const list = entries(old);
        if (list.kind === 'broken') return { value: list };
        if (isLast(list.entries, email)) return { value: { kind: 'last' } };
        const removed = remove(old, email);
        return removed.kind === 'removed'
          ? { text: removed.text, value: { kind: 'removed' } }
          : { value: removed };
      });
      if ('fault' in done) return { kind: 'fault', fault: done.fault };
      const { value } = done;
      if (value.kind !== 'removed' && value.kind !== 'absent') return value;
      // After the list: if the sessions were ended first, the person could sign in again in between.
      try {
        return { kind: value.kind, ended: await endPerson(email, by) };
      } catch (error) {
        logger.error({ event: 'access.not_ended', err: error });
        recorder.note({ event: 'access.not_ended', outcome: 'failed', person: { email }, by });
        return { kind: 'not-ended' };
      }
    },
  };
}

function begun(by: Operator): string {
  const own = add(firstLines, by.email);
  return own.kind === 'added' ? own.text : firstLines;
}

/** A list that admits nobody is more often a slip than an intention. */
function isLast(all: readonly Entry[], email: string): boolean {
  const working = all.filter(({ works }) => works);
  return working.length === 1 && working[0]?.email === email;
}

/**
 * Whether oauth2-proxy admits `email` by its `email_domains`, whatever the list says: isEmailValidWithDomains (7.15.3, validator.go).
 * A domain, `.domain` or `*.domain` with all below it, or `*`.
 */
export function admittedByDomain(email: string, domains: readonly string[]): boolean {
  const host = email.split('@')[1] ?? '';
  return domains.some((domain) => {
    const name = domain.toLowerCase();
    if (name === '*') return true;
    if (email.split('@').length !== 2) return false;
    if (host === name) return true;
    const ending = name.startsWith('*.') ? name.slice(1) : name;
    return ending.startsWith('.') && host.endsWith(ending);
  });
}
