// A store belongs to one deployment. Checks the store's owner mark at the start and periodically while the server runs: a Redis that
// was emptied may belong to another deployment by the time this one reconnects.
import type { Logger } from 'pino';
import { type Store, StoreUnavailable } from './contract.ts';
import { type Fault, isExact } from './fault.ts';
import { type Deployment, judge, type Mark, markOf, readMark, writeMark } from './owner-mark.ts';
import { aroundEach } from './wrap-operations.ts';

export interface OwnerOptions {
  readonly store: Store;
  /** Called at each check, since a reload changes the keys. */
  readonly deployment: () => Deployment;
  /** The fault reported for a store that belongs to another deployment. */
  readonly refusal: (mark: Mark | undefined) => Fault;
  /** False for a terminal command, which may run with other settings than the server: it only reads the mark. */
  readonly writes: boolean;
  /** Why there is no connection; absent for a store without a connection. */
  readonly reason?: () => unknown;
  readonly logger: Logger;
  readonly now: () => number;
}

export interface Owner {
  /** The store; every operation is refused unless it belongs to this deployment. */
  readonly store: Store;
  /**
   * Reads the mark, creates it if there is none, and brings it up to date.
   * @returns why the store does not belong to this deployment; undefined if it does
   * @throws StoreUnavailable if the mark cannot be read
   */
  look(): Promise<Fault | undefined>;
  /** Makes this deployment the owner, whichever owned the store before. */
  takeOver(): Promise<void>;
  /** The stored mark; undefined if there is none, or it is invalid. */
  kept(): Promise<Mark | undefined>;
  /** Checks again every few seconds. @returns a function that stops it */
  watch(): () => void;
}

export const ownerFact = 'deployment';
const lookEveryMs = 5_000;
/** Replicas that start together may overwrite each other's mark, a few times at most. */
const triesAtMost = 10;

export function createOwner(options: OwnerOptions): Owner {
  const { store, deployment, refusal, writes, reason, logger, now } = options;
  const { facts } = store;
  let state: 'not looked' | 'own' | 'foreign' = 'not looked';
  let isStart = writes;
  let looking: Promise<Fault | undefined> | undefined;
  /** Every key with which this process has owned the store: a reload may replace one without keeping it as a fallback. */
  const held = new Set<string>();
  const today = () => new Date(now()).toISOString().slice(0, 10);

  /** A full or read-only store must not keep anybody from signing out: what cannot be written now is written at a later check. */
  async function tryToWrite(write: () => Promise<unknown>): Promise<void> {
    try {
      await write();
    } catch (error) {
      logger.warn({ event: 'store.mark_not_written', err: error });
    }
  }

  async function lookNow(): Promise<Fault | undefined> {
    for (let tries = 0; tries < triesAtMost; tries++) {
      const text = await facts.read(ownerFact);
      const set = deployment();
      const own = { ...set, formerKeys: [...set.formerKeys, ...held] };
      if (text === undefined) {
        if (!writes) return undefined;
        if (!isStart) {
          const meaning =
            'the mark of this deployment is gone: the store was emptied. The mark is written again';
          logger.warn({ event: 'store.mark_missing', meaning });
        }
        let created: string | undefined;
        const mine = writeMark(markOf(own, today()));
        await tryToWrite(async () => {
          created = await facts.create(ownerFact, mine);
        });
        if (created !== undefined && created !== mine) continue;
        return undefined;
      }
      const mark = readMark(text);
      const found = mark ? judge(mark, own, isStart) : ({ kind: 'foreign' } as const);
      if (found.kind === 'foreign') return refusal(mark);
      const { write } = found;
      if (!mark || !write || !writes) return undefined;
      let isWritten = true;
      await tryToWrite(async () => {
        isWritten = await facts.replace(ownerFact, text, writeMark(write));
      });
      if (!isWritten) continue;
      if (write.publicUrl !== mark.publicUrl)
        logger.info({ event: 'store.public_url_changed', from: mark.publicUrl, to: write.publicUrl });
      return undefined;
    }
    // Other processes wrote each time: they belong to this deployment, or the next check reports it.
    return undefined;
  }

  async function look(): Promise<Fault | undefined> {
    looking ??= explain(lookNow).finally(() => {
      looking = undefined;
    });
    const fault = await looking;
    if (!fault) for (const key of deployment().keys) held.add(key);
    const next = fault ? 'foreign' : 'own';
    if (next === state) return fault;
    if (fault) logger.error({ event: 'store.foreign', ...fault });
    else if (state === 'foreign') logger.info({ event: 'store.own_again' });
    state = next;
    isStart &&= fault !== undefined;
    return fault;
  }

  /** Adds why there is no connection: "no connection" alone does not help. */
  async function explain<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      const why = reason?.();
      if (!isPlainOutage(error) || why === undefined || isExact(error.fault)) throw error;
      throw new StoreUnavailable(why);
    }
  }

  async function insist(): Promise<void> {
    const fault = await look();
    if (fault) throw new StoreUnavailable({ fault });
  }

  const guarded = aroundEach(store, async (run) => {
    if (state !== 'own') await insist();
    return explain(run);
  });

  return {
    store: {
      ...guarded,
      async ping() {
        await insist();
        await explain(store.ping);
      },
    },
    look,
    async takeOver() {
      const mark = writeMark(markOf(deployment(), today()));
      for (;;) {
        const text = await facts.create(ownerFact, mark);
        if (text === mark || (await facts.replace(ownerFact, text, mark))) return;
      }
    },
    async kept() {
      const text = await facts.read(ownerFact);
      return text === undefined ? undefined : readMark(text);
    },
    watch() {
      // If the mark cannot be read now, the next store operation reports it.
      const timer = setInterval(() => void look().catch(() => undefined), lookEveryMs).unref();
      return () => clearInterval(timer);
    },
  };
}

/** Excludes the subclasses that say more, such as NewerStore. */
function isPlainOutage(error: unknown): error is StoreUnavailable {
  return error instanceof StoreUnavailable && error.constructor === StoreUnavailable;
}
