// The receipts of revocations: deleted, checked again after 3 s and 10 s, and verified once the last check finds nothing. They are notes,
// so any replica can finish what another one started.
import { randomToken } from '../crypto/tokens.ts';
import type { ClaimTable, NoteTable } from '../store/contract.ts';
import type { GateReceipt } from './revocation.ts';

/** A refresh in progress writes a deleted session back when Google has answered (pkg/middleware/stored_session.go). */
export const looksAfterMs = [3_000, 10_000] as const;
const againAfterMs = 10_000;
const lookLeaseMs = 5_000;
/** If another replica holds the lease of a check, this one waits for its outcome. */
const shortestWaitMs = 250;
/** Keeps an outage from causing four queries a second. */
const afterFaultMs = 5_000;

interface StoredReceipt extends GateReceipt {
  /** The key to check; absent: there is nothing to check. */
  readonly key?: string;
  readonly looks: number;
  readonly nextLookAt?: number;
}

export type Deletion = 'deleted' | 'was gone' | 'taken' | 'unreachable';

export interface ReceiptOptions {
  readonly notes: NoteTable;
  readonly claims: ClaimTable;
  readonly now: () => number;
  /** Resolves after this many milliseconds. */
  readonly wait: (ms: number) => Promise<unknown>;
  readonly keepMs: number;
  /** Deletes the session of the key, unless a sign-in that was not ended uses the ticket now. */
  readonly remove: (key: string) => Promise<Deletion>;
  readonly onFault: (error: unknown) => void;
}

export interface RevocationReceipts {
  /** Writes the receipt of a revocation that was just made, and follows it. */
  begin(handle: string, first: Pick<GateReceipt, 'endedAt' | 'gate'>, key?: string): Promise<GateReceipt>;
  of(handle: string): Promise<GateReceipt | undefined>;
}

export function createRevocationReceipts(options: ReceiptOptions): RevocationReceipts {
  const { notes, claims, now, wait, keepMs, remove, onFault } = options;
  const nameOf = (handle: string) => `gate:receipt:${handle}`;
  const read = async (handle: string) =>
    (await notes.read(nameOf(handle), now())) as StoredReceipt | undefined;
  const write = (handle: string, receipt: StoredReceipt) =>
    notes.writeEnding(nameOf(handle), receipt, receipt.endedAt + keepMs);
  const followed = new Set<string>();

  /** Makes the check that is due, once among all replicas. @returns the receipt after it */
  async function look(handle: string): Promise<StoredReceipt | undefined> {
    const receipt = await read(handle);
    if (!receipt?.key || receipt.nextLookAt === undefined || now() < receipt.nextLookAt) return receipt;
    const [lease, mine] = [`gate:look:${handle}:${receipt.looks}`, randomToken(9)];
    // A full store accepts no claim: several replicas may then check, which does no harm.
    const holder = await claims.claim(lease, mine, now(), now() + lookLeaseMs).catch(() => mine);
    if (holder !== mine) return receipt;
    const after = afterLook(receipt, await remove(receipt.key), now());
    await write(handle, after);
    return after;
  }

  /** Until it is verified. If this process ends, the next one that reads the receipt does the rest. */
  async function follow(handle: string, receipt: StoredReceipt | undefined): Promise<void> {
    if (followed.has(handle)) return;
    followed.add(handle);
    try {
      let latest = receipt;
      let atLeastMs = shortestWaitMs;
      while (latest?.nextLookAt !== undefined) {
        await wait(Math.max(atLeastMs, latest.nextLookAt - now()));
        atLeastMs = shortestWaitMs;
        // A fault of the store during one check must not end the checks.
        latest = await look(handle).catch((error: unknown) => {
          onFault(error);
          atLeastMs = afterFaultMs;
          return latest;
        });
      }
    } finally {
      followed.delete(handle);
    }
  }

  return {
    async begin(handle, { endedAt, gate }, key) {
      const due = key !== undefined && { key, nextLookAt: endedAt + looksAfterMs[0] };
      const receipt: StoredReceipt = { endedAt, gate, writtenBack: 0, looks: 0, ...due };
      // A revocation is not refused because its receipt cannot be stored.
      await write(handle, receipt).catch(onFault);
      void follow(handle, receipt).catch(onFault);
      return toReceipt(receipt);
    },
    async of(handle) {
      const receipt = await look(handle);
      void follow(handle, receipt).catch(onFault);
      return receipt && toReceipt(receipt);
    },
  };
}

/** Pure: the receipt after a check. */
function afterLook(receipt: StoredReceipt, found: Deletion, at: number): StoredReceipt {
  const { nextLookAt: _, ...rest } = receipt;
  const looks = receipt.looks + 1;
  const second = receipt.endedAt + looksAfterMs[1];
  const isLast = at >= second;
  const nextLookAt = isLast ? at + againAfterMs : second;
  switch (found) {
    case 'taken':
      return { ...rest, looks, verifiedAt: at };
    case 'was gone':
      // It was gone before it could be deleted here: an outage of Redis, or oauth2-proxy's own sign-out.
      return {
        ...rest,
        looks,
        gate: receipt.gate === 'unreachable' ? 'nothing to end' : receipt.gate,
        ...(isLast ? { verifiedAt: at } : { nextLookAt }),
      };
    case 'deleted': {
      const late = receipt.gate === 'unreachable';
      return {
        ...rest,
        looks,
        gate: late ? 'ended' : receipt.gate,
        writtenBack: receipt.writtenBack + (late ? 0 : 1),
        nextLookAt,
      };
    }
    case 'unreachable':
      return { ...rest, looks, nextLookAt };
  }
}

function toReceipt({ endedAt, gate, verifiedAt, writtenBack }: StoredReceipt): GateReceipt {
  return { endedAt, gate, writtenBack, ...(verifiedAt !== undefined && { verifiedAt }) };
}
