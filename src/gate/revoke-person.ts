// Ends everything of a person at the gate: a mark that refuses what was issued until now, and each known session.
import { StoreUnavailable } from '../store/contract.ts';
import type { EndTarget, GateReceipt } from './revocation.ts';
import { isMarked, type RevocationMarks } from './revocation-marks.ts';

/** @see GateRevocation.endPerson */
export async function endPersonBy(
  personId: string,
  targets: readonly EndTarget[],
  parts: {
    readonly marks: Pick<RevocationMarks, 'endPerson'>;
    readonly end: (target: EndTarget) => Promise<GateReceipt>;
  },
): Promise<GateReceipt[]> {
  const isRefused = await isMarked(parts.marks.endPerson(personId));
  if (!isRefused && targets.length === 0) throw new StoreUnavailable(new Error('no mark was taken'));
  const receipts = await Promise.all(targets.map(parts.end));
  return isRefused ? receipts : receipts.map((receipt) => ({ ...receipt, unmarked: true as const }));
}
