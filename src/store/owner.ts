// One store belongs to one deployment. Looks at the store's mark at the start, and again and again while the server runs: a
// Redis that was emptied may be another deployment's by the time this one comes back to it.
import type { Logger } from 'pino';
import { type Store, StoreUnavailable } from './contract.ts';
import { type Fault, isExact } from './fault.ts';
import { type Deployment, judge, type Mark, markOf, readMark, writeMark } from './owner-mark.ts';
import { aroundEach } from './wrap-operations.ts';

export interface OwnerOptions {
  readonly store: Store;
  /** Asked at each look: a reload changes the keys. */
  readonly deployment: () => Deployment;
  /** What is said of a store that is another deployment's. */
  readonly refusal: (mark: Mark | undefined) => Fault;
  /** False for a command of the terminal, which may run with other settings than the server: it only looks. */
  readonly writes: boolean;
  /** Why there is no connection; absent: there is none to lose. */
  readonly reason?: () => unknown;
  readonly logger: Logger;
  readonly now: () => number;
}

export interface Owner {
  /** The store, of which every operation is refused unless it is this deployment's. */
  readonly store: Store;
  /**
   * Looks at the mark, writes it where there is none, and brings it up to date.
   * @returns why the store is not this deployment's; undefined where it is
   * @throws StoreUnavailable where the mark cannot be read
   */
  look(): Promise<Fault | undefined>;
  /** Makes the store this deployment's, whoever's it was. */
  takeOver(): Promise<void>;
  /** What the store keeps; undefined where there is no mark, or none that can be read. */
  kept(): Promise<Mark | undefined>;
  /** Looks again every few seconds. @returns how to stop */
  watch(): () => void;
}

export const ownerFact = 'deployment';
const lookEveryMs = 5_000;
/** Replicas that start together write in turns, a few times at most. */
const triesAtMost = 10;

export function createOwner(options: OwnerOptions): Owner {
  const { store, deployment, refusal, writes, reason, logger, now } = options;
  const { facts } = store;
  let state: 'not looked' | 'own' | 'foreign' = 'not looked';
  let isStart = writes;
  let looking: Promise<Fault | undefined> | undefined;
  /** Whatever key this process has owned the store with: a reload may exchange it without leaving it as a fallback. */
  const held = new Set<string>();
  const today = () => new Date(now()).toISOString().slice(0, 10);

  /** A full or read-only store must not keep anybody from signing out: what cannot be written now is written at a later look. */
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
          const meaning = 'the mark of this deployment is gone: the store was emptied. It is written again';
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
    // Others wrote each time: they are this deployment's, or the next look tells.
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

  /** "No connection" alone helps nobody: why there is none does. */
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
      // What cannot be read now is told by whoever asks for something.
      const timer = setInterval(() => void look().catch(() => undefined), lookEveryMs).unref();
      return () => clearInterval(timer);
    },
  };
}

/** Not one of its kinds that says more, like a store of a newer program. */
function isPlainOutage(error: unknown): error is StoreUnavailable {
  return error instanceof StoreUnavailable && error.constructor === StoreUnavailable;
}
