// Every event of the audit log: a closed union, so that no name can be misspelt and each event has its description.
// In code this module is `audit` and its data the audit log; on pages people read "record", so `record` stays in identifiers that name
// the page (`/record`), the events or the table.

/** How much attention an entry deserves. */
export type Weight = 'quiet' | 'change' | 'alarm';

interface EventWords {
  readonly weight: Weight;
  /** Description for operators and the documentation. */
  readonly about: string;
  /** A revocation. It is never refused because the audit log cannot be written, so its entry goes through the journal. */
  readonly ends?: true;
  /** Description for the person concerned, in their own activity; absent: not shown to them. */
  readonly own?: string;
}

export const events = {
  'session.created': { weight: 'change', about: 'Somebody signed in.', own: 'You signed in.' },
  'session.rotated': {
    weight: 'quiet',
    about: 'A session’s id was replaced, as happens regularly; recorded once a day.',
    own: 'A session’s id was replaced, as happens regularly.',
  },
  'session.replayed': {
    ends: true,
    weight: 'alarm',
    about: 'An id that had been replaced was used again; the session ended everywhere.',
    own: 'A cookie that had been replaced was used again, so that session was ended everywhere.',
  },
  'session.revoked': {
    ends: true,
    weight: 'change',
    about: 'A session was ended.',
    own: 'A session was ended.',
  },
  'session.ended': {
    ends: true,
    weight: 'quiet',
    about: 'A session reached a limit and ended.',
    own: 'A session ended because its time was up.',
  },
  'session.moved': {
    weight: 'change',
    about: 'The browser, system or network of a session changed.',
    own: 'A session was used from another browser, system or network.',
  },
  'device.new': {
    weight: 'change',
    about: 'Somebody signed in on a new kind of device.',
    own: 'You signed in on a new device.',
  },
  'signin.denied': { weight: 'alarm', about: 'An identity could not be read, and nobody was let in.' },
  'gate.untrusted': { weight: 'alarm', about: 'A request claimed an identity without the gate’s proof.' },
  'gate.refused': {
    weight: 'change',
    about: 'The gate still let in somebody whose session had been ended; the request was refused here.',
    own: 'A session that you had ended came back from the gate, and was refused.',
  },
  'guard.entered': {
    weight: 'change',
    about: 'Somebody opened an app behind the guard with a session for the first time.',
    own: 'You opened an app.',
  },
  'guard.refused': {
    weight: 'change',
    about: 'Somebody asked for an app that they may not use.',
    own: 'You asked for an app that you may not use.',
  },
  'guard.code_reused': {
    weight: 'alarm',
    about: 'A code that leads from the desk to an app was used a second time; it was refused.',
  },
  'guard.untrusted': {
    weight: 'alarm',
    about: 'The guard was asked without an app’s key, or with the key of another host’s app.',
  },
  'gate.ended': {
    ends: true,
    weight: 'change',
    about: 'A session at the gate was ended.',
    own: 'Your session at the gate was ended.',
  },
  'governor.ended': {
    ends: true,
    weight: 'change',
    about: 'The governor ended a session at the gate.',
    own: 'A session at the gate reached a limit and was ended.',
  },
  'operator.denied': {
    weight: 'alarm',
    about: 'Somebody who is not an operator asked for an operator’s page.',
    own: 'You asked for a page that is for operators.',
  },
  'csrf.rejected': {
    weight: 'alarm',
    about: 'A change came from another site, or without its token.',
    own: 'A change in your name was refused because it did not come from this site’s own page.',
  },
  'visitor.rotated': {
    weight: 'quiet',
    about: 'A visitor’s id was replaced at sign-in.',
  },
  'access.added': { weight: 'change', about: 'An address was put on the allow-list.' },
  'access.removed': { ends: true, weight: 'change', about: 'An address was taken off the allow-list.' },
  'access.not_ended': {
    weight: 'alarm',
    about: 'An address was taken off the allow-list, but its sessions could not be ended.',
  },
  'app.allowed': {
    weight: 'change',
    about: 'A person, a group or everyone may open an app, or may until another day.',
  },
  'app.withdrawn': {
    ends: true,
    weight: 'change',
    about: 'An app was taken away from a person, a group or everyone.',
  },
  'app.ended': { ends: true, weight: 'change', about: 'Every use of an app was ended.' },
  'app.closed': {
    ends: true,
    weight: 'change',
    about: 'A person’s use of an app was ended, on one device or on all of them.',
    own: 'An app was closed on your devices, or on one of them.',
  },
  'group.created': { weight: 'change', about: 'A group of people was made, for the rules of the apps.' },
  'group.joined': { weight: 'change', about: 'A person was put into a group.' },
  'group.left': { ends: true, weight: 'change', about: 'A person was taken out of a group.' },
  'group.deleted': { weight: 'change', about: 'A group that no app used was deleted.' },
  'secret.rotated': { weight: 'change', about: 'A running server began to use a new secret.' },
  'secret.pruned': { weight: 'change', about: 'A former secret is no longer accepted.' },
  'vault.loaded': { weight: 'change', about: 'Cookies were put into the vault.' },
  'vault.opened': { weight: 'quiet', about: 'Cookies were taken from the vault for a request.' },
  'vault.expired': { weight: 'change', about: 'Cookies in the vault expired.' },
  'vault.cleared': { weight: 'change', about: 'Cookies were removed from the vault.' },
  'vault.challenged': {
    weight: 'alarm',
    about: 'A service refused the vault’s cookies or asked for a CAPTCHA.',
  },
  'vault.rekeyed': { weight: 'change', about: 'The vault has a new passphrase or a new data key.' },
  'vault.imported': { weight: 'change', about: 'A vault of the former Python pipeline was imported.' },
  'vault.file_emptied': { weight: 'change', about: 'The cookies were removed from the text file.' },
  'vault.failed': { weight: 'alarm', about: 'The vault could not be opened or written.' },
  'confluence.sync_started': { weight: 'quiet', about: 'A sync with Confluence began.' },
  'confluence.sync_ended': { weight: 'quiet', about: 'A sync with Confluence ended.' },
  'library.exported': { weight: 'change', about: 'Pages of the library were exported.' },
  'privacy.exported': {
    weight: 'change',
    about: 'Everything about a person was exported.',
    own: 'You took a copy of everything about you.',
  },
  'privacy.erased': { ends: true, weight: 'change', about: 'A person was erased.' },
  'record.exported': { weight: 'change', about: 'The record was exported.' },
  'backup.made': { weight: 'change', about: 'A backup of everything was made.' },
  'backup.restored': {
    weight: 'alarm',
    about: 'A backup was restored; everything since it was made is gone.',
  },
  'store.moved': {
    weight: 'change',
    about: 'Sessions and the record were moved to the other kind of store.',
  },
  'record.pruned': { weight: 'quiet', about: 'Entries older than the retention were removed.' },
  'record.checkpoint': { weight: 'quiet', about: 'A checkpoint of the record was made.' },
  'record.doubted': {
    weight: 'alarm',
    about: 'The record’s head was missing, not genuine or older than before when the next entry was written.',
  },
  'record.file_begun': {
    weight: 'change',
    about: 'A new file of the record begins here: there was none, or it had been moved away.',
  },
  'record.repaired': {
    weight: 'alarm',
    about: 'An incomplete line at the end of the record’s file, left by a crash, was set aside.',
  },
  'clock.believed': {
    weight: 'change',
    about:
      'An operator confirmed the clock after it had jumped; old data is removed from then on, a little at a time.',
  },
  'server.started': { weight: 'quiet', about: 'A server started.' },
  'server.stopped': { weight: 'quiet', about: 'A server stopped.' },
} as const satisfies Record<string, EventWords>;

export type EventName = keyof typeof events;

export function isEnding(name: EventName): boolean {
  return 'ends' in events[name];
}
