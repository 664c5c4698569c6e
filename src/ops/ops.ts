// What watches the running program, put together: the metrics, the measured store, the counted record, the counts of the day.
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
  /** Throws where the store takes no changes: tried by a write, at most once in a few seconds. */
  tryWrite(): Promise<unknown>;
  /** The recorder, counted. */
  count<R extends RevocationRecorder>(recorder: R): R;
  /** Begins to look and to write the counts. @returns how to stop: the counts of the last seconds are written then. */
  start(recordState: () => RecordState): () => Promise<void>;
}

const sampleEveryMs = 60_000;
const sampleRoomEveryMs = 3_600_000;
/** Not a write for every byte. */
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
          // An outage is told where it hurts, and the next look comes in a minute.
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
