// Assembles what monitors the running program: the metrics, the measured store, the counting recorder, the daily counts.
import { readFileSync } from 'node:fs';
import type { RevocationRecorder } from '../audit/recorder.ts';
import type { Logger } from '../http/log.ts';
import type { Store } from '../store/contract.ts';
import { countEvents } from './count-events.ts';
import { createDaily } from './daily.ts';
import { createWriteProbe, type GaugeOptions, type RecordState, watchGauges } from './gauges.ts';
import { measureStore } from './measure-store.ts';
import { createMetrics, type Metrics } from './metrics.ts';

export interface OpsOptions extends Pick<GaugeOptions, 'redis' | 'now'> {
  readonly store: Store;
  readonly logger: Logger;
}

export interface Ops {
  readonly metrics: Metrics;
  /** The store, measured. */
  readonly store: Store;
  /** Throws if the store accepts no writes: tried with a write, at most once every few seconds. */
  tryWrite(): Promise<unknown>;
  /** The recorder, counting. */
  count<R extends RevocationRecorder>(recorder: R): R;
  /** Starts sampling and writing the counts. @returns a function that stops it and writes the counts of the last seconds */
  start(recordState: () => RecordState): () => Promise<void>;
}

const sampleEveryMs = 60_000;
const sampleRoomEveryMs = 3_600_000;
/** So that not every byte causes a write. */
const roomStep = 65_536;
const version = () =>
  (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string })
    .version;

export function createOps({ store, logger, now, redis }: OpsOptions): Ops {
  const metrics = createMetrics({ version: version() });
  const tryWrite = createWriteProbe({ notes: store.notes, now });
  const daily = createDaily({ counters: store.counters, now, logger });
  return {
    metrics,
    store: measureStore(store, metrics),
    tryWrite,
    count: (recorder) => countEvents(recorder, { metrics, daily }),
    start(recordState) {
      const stopGauges = watchGauges({ metrics, store, redis, tryWrite, recordState, now });
      const stopDaily = daily.start();
      const sample = () =>
        store.sessions.countLive(now()).then(
          (live) => daily.raise('live', live),
          // Whoever is affected by an outage reports it; the next sample follows in a minute.
          () => undefined,
        );
      const sampleRoom = () =>
        store.room().then(
          (room) => room && daily.raise('store-bytes', Math.ceil(room.usedBytes / roomStep) * roomStep),
          () => undefined,
        );
      void sample();
      void sampleRoom();
      const roomTimer = setInterval(sampleRoom, sampleRoomEveryMs).unref();
      const timer = setInterval(sample, sampleEveryMs).unref();
      return async () => {
        clearInterval(timer);
        clearInterval(roomTimer);
        stopGauges();
        stopDaily();
        await daily.flush();
      };
    },
  };
}
