// Describes a finding of the verification in one sentence.
import type { LineFinding } from './verify-file.ts';
import type { Finding, FindingKind } from './walk-chain.ts';

const words: Record<FindingKind, (seq: number, count: number) => string> = {
  edited: (seq) => `entry ${seq} was edited.`,
  missing: (seq, count) =>
    count === 1 ? `entry ${seq} is missing.` : `entries ${seq} to ${seq + count - 1} are missing (${count}).`,
  reordered: (seq) => `entry ${seq} is out of place: entries were reordered.`,
  inserted: (seq) => `what is in the place of entry ${seq} was inserted.`,
  truncated: (seq, count) =>
    `the record ends too early: from entry ${seq} on, ${count === 1 ? 'an entry was' : `${count} entries were`} cut off.`,
  forked: (seq) =>
    `entry ${seq} belongs to another version of the record: it was put back to an earlier state and continued from there.`,
  'head missing': (seq) => `the head of the record is missing (at entry ${seq}).`,
  'head forged': (seq) => `the head of the record is not genuine (at entry ${seq}).`,
  'anchor forged': (seq) =>
    `the anchor that replaces the entries up to ${seq}, removed after their retention, is not genuine.`,
  'key unknown': (seq) =>
    `entry ${seq} was sealed with a key that is not configured; add the former key to AUDIT_KEY_FALLBACKS.`,
  'key returned': (seq) => `entry ${seq} was sealed with a former key, long after a newer one came into use.`,
};

export function findingWords({ kind, seq, count }: Finding): string {
  return words[kind](seq, count);
}

export function lineFindingWords(finding: LineFinding): string {
  if (finding.kind === 'missing') {
    const { seq, count } = finding;
    return count === 1
      ? `entry ${seq} is missing.`
      : `entries ${seq} to ${seq + count - 1} are missing (${count}).`;
  }
  const { kind, file, line, seq } = finding;
  const what = {
    edited: 'was edited',
    doubled: 'is there twice',
    reordered: 'is out of place',
    forked: 'belongs to another version of the record',
    'key unknown': 'was sealed with a key that is not configured; add the former key to AUDIT_KEY_FALLBACKS',
  }[kind];
  return `${seq === undefined ? '' : `entry ${seq}, `}line ${line} of ${file}, ${what}.`;
}
