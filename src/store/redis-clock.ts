// Redis expires keys by its own clock, while rows carry expiry times by this process's clock. If the two differ, the expiry is shifted
// by the difference: otherwise a process whose clock is behind would write rows that expire immediately, a sign-out for example.
import type { RedisClient } from './redis-client.ts';

export interface RedisClock {
  /** When Redis must expire a row that ends at `expiresAt` by this process's clock. */
  endOf(expiresAt: number): Promise<number>;
  /** The time by Redis's clock, as far as is known. */
  now(): number;
}

const freshForMs = 60_000;
/** Clocks synchronised over the network differ by less than this, including the time that a reply takes. */
const samePlaceMs = 5_000;

/** @param now this process's clock */
export function createRedisClock(redis: Pick<RedisClient, 'time'>, now: () => number = Date.now): RedisClock {
  let aheadMs = 0;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let clockThen = 0;
  let looking: Promise<void> | undefined;

  async function look(): Promise<void> {
    const [seconds, micros] = await redis.time();
    const found = Number(seconds) * 1000 + Number(micros) / 1000 - now();
    aheadMs = Math.abs(found) < samePlaceMs ? 0 : Math.round(found);
    [lookedAt, clockThen] = [performance.now(), now()];
  }

  /** False also if this process's clock has jumped since. */
  const isFresh = () => {
    const passed = performance.now() - lookedAt;
    return passed < freshForMs && Math.abs(now() - clockThen - passed) < samePlaceMs;
  };

  return {
    now: () => now() + aheadMs,
    async endOf(expiresAt) {
      if (!isFresh()) {
        // Without an answer the last known difference is used; the write that follows reports that Redis is down.
        looking ??= look()
          .catch(() => undefined)
          .finally(() => {
            looking = undefined;
          });
        await looking;
      }
      return expiresAt + aheadMs;
    },
  };
}
