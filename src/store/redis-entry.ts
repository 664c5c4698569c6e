// How an entry of the record is kept in Redis: its seals as bytes and its text compressed, in one field, a quarter of what the plain form takes.
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { RecordRow } from './contract.ts';

/**
 * What most entries say, the most frequent last. Never changed: what was written with it is read with it. Another one gets a form of its own.
 */
const dictionary = Buffer.from(
  [
    'server.started server.stopped record.exported record.pruned record.checkpoint record.doubted privacy.exported privacy.erased ',
    'vault.loaded vault.opened vault.expired vault.cleared confluence.sync_started confluence.sync_ended library.exported ',
    'secret.rotated access.added access.removed access.not_ended governor.ended operator.denied csrf.rejected visitor.rotated ',
    'gate.untrusted gate.refused signin.denied device.new session.moved session.replayed ',
    '"reason":"superseded" "reason":"expired" "reason":"idle" "reason":"revoked_by_operator" "reason":"revoked" "reason":"signed_out" ',
    '"by":"terminal" "outcome":"refused" "outcome":"failed" "facts":{"count":1} "changes":"network" ',
    '"browser":"Safari","kind":"mobile","os":"iOS" "browser":"Chrome","kind":"desktop","os":"Windows" "os":"Android" "os":"macOS" ',
    '"facts":{"browser":"Firefox","kind":"desktop","os":"Linux"} "event":"gate.ended" "event":"session.ended" ',
    '"event":"session.revoked" "event":"session.created" "network":"2001:db8::/48" "network":"192.168.0.0/24" ',
    '{"at":"2026-01-01T00:00:00.000Z","event":"session.rotated","kid":"00000000","network":"10.0.0.0/24","outcome":"done",',
    '"requestId":"00000000-0000-4000-8000-000000000000","seq":100,"session":"AAAAAAAAAAAA","v":1,"who":"AAAAAAAAAAAAAAAAAAAAAA"}',
  ].join(''),
);

const form = 1;
const sealBytes = 32;
const longestText = 70_000;

/** The fields of a stream's entry. */
export function packEntry({
  text,
  prev,
  mac,
}: Pick<RecordRow, 'text' | 'prev' | 'mac'>): (string | Buffer)[] {
  const seals = [prev, mac].map((seal) => Buffer.from(seal, 'base64url'));
  const isWhole = seals.every(
    (bytes, i) => bytes.length === sealBytes && bytes.toString('base64url') === [prev, mac][i],
  );
  // The program writes no such seal.
  if (!isWhole) return ['t', text, 'p', prev, 'm', mac];
  return ['e', Buffer.concat([Buffer.of(form), ...seals, deflateRawSync(text, { dictionary, level: 9 })])];
}

/** The other way round, also of what earlier versions wrote. What somebody changed there gives a text that no seal fits. */
export function unpackEntry(fields: readonly Buffer[]): Pick<RecordRow, 'text' | 'prev' | 'mac'> {
  const [name, value = Buffer.alloc(0), , prev = '', , mac = ''] = fields;
  if (name?.toString() !== 'e') return { text: value.toString(), prev: prev.toString(), mac: mac.toString() };
  const seal = (at: number) => value.toString('base64url', at, at + sealBytes);
  return { text: textOf(value), prev: seal(1), mac: seal(1 + sealBytes) };
}

function textOf(value: Buffer): string {
  if (value[0] !== form) return '';
  try {
    const packed = value.subarray(1 + 2 * sealBytes);
    return inflateRawSync(packed, { dictionary, maxOutputLength: longestText }).toString();
  } catch {
    return '';
  }
}
