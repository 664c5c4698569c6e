// Redis forgets by its own clock, and rows come with ends by this process' clock. Where the two differ, an end is moved by the
// difference: a process whose clock is behind would else write what is forgotten at once, a sign-out for example.
import type { RedisClient } from './redis-client.ts';

export interface RedisClock {
  /** When Redis is to forget what ends at `expiresAt` by this process' clock. */
  endOf(expiresAt: number): Promise<number>;
  /** What Redis takes for the time, as far as is known. */
  now(): number;
}

const freshForMs = 60_000;
/** Clocks that are set by the network differ by less, and an answer takes its time. */
const samePlaceMs = 5_000;

/** @param now this process' clock */
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

  /** Also where this clock jumped since. */
  const isFresh = () => {
    const passed = performance.now() - lookedAt;
    return passed < freshForMs && Math.abs(now() - clockThen - passed) < samePlaceMs;
  };

  return {
    now: () => now() + aheadMs,
    async endOf(expiresAt) {
      if (!isFresh()) {
        // Without an answer what was known before holds; the write that follows says that Redis is down.
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
