// The metrics of one process in a registry of its own: the table's counters, histograms and gauges, in the format that Prometheus reads.
import { Counter, Gauge, type Metric, Registry } from 'prom-client';
import { type CounterName, type GaugeName, type HistogramName, metricTable } from './metric-table.ts';
import {
  type CounterSeries,
  createCounterSeries,
  createHistogramSeries,
  type HistogramSeries,
  type Labels,
} from './series.ts';

/** The value of a gauge, by label value if it has a label; undefined: not known, so it is left out. */
export type Reading = number | undefined | Readonly<Record<string, number | undefined>>;

export interface Metrics {
  /** One series of a counter, resolved once. @throws if its labels are not in the table */
  counter(name: CounterName, labels?: Labels): (n?: number) => void;
  histogram(name: HistogramName, labels?: Labels): (value: number) => void;
  /** `read` is called whenever the metrics are requested; if it throws, the gauge is left out. */
  gauge(name: GaugeName, read: () => Reading | Promise<Reading>): void;
  /** In Prometheus' text format, with its content type. */
  text(): Promise<{ readonly contentType: string; readonly text: string }>;
}

export interface MetricsOptions {
  /** Version of the program. */
  readonly version: string;
}

export function createMetrics({ version }: MetricsOptions): Metrics {
  const registry = new Registry();
  const counters = new Map<string, CounterSeries>();
  const histograms = new Map<string, HistogramSeries>();

  for (const [name, row] of Object.entries(metricTable)) {
    if (row.type === 'counter' && name !== 'gatehouse_process_cpu_seconds_total') {
      const series = createCounterSeries(name, row);
      counters.set(name, series);
      const labelNames = 'labels' in row ? Object.keys(row.labels) : [];
      new Counter({
        name,
        help: row.help,
        labelNames,
        registers: [registry],
        collect() {
          this.reset();
          for (const { labels, value } of series.values()) this.inc(labels, value);
        },
      });
    }
    if (row.type === 'histogram') {
      const series = createHistogramSeries(name, row);
      histograms.set(name, series);
      // The histogram of prom-client costs half a microsecond per value; the registry needs only these members of a metric.
      const metric = {
        name,
        get: async () => ({
          name,
          help: row.help,
          type: row.type,
          aggregator: 'sum',
          values: series.values(),
        }),
      };
      registry.registerMetric(metric as unknown as Metric);
    }
  }
  new Counter({
    name: 'gatehouse_process_cpu_seconds_total',
    help: metricTable.gatehouse_process_cpu_seconds_total.help,
    registers: [registry],
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });

  const gauge: Metrics['gauge'] = (name, read) => {
    const row = metricTable[name];
    const [label] = 'labels' in row ? Object.keys(row.labels) : [];
    new Gauge({
      name,
      help: row.help,
      labelNames: label === undefined ? [] : [label],
      registers: [registry],
      async collect() {
        const reading = await Promise.resolve()
          .then(read)
          .catch(() => undefined);
        // `reset` empties a gauge with labels but sets one without labels to 0, which is not the same as unknown.
        if (label === undefined) this.remove();
        else this.reset();
        if (typeof reading === 'number') this.set(reading);
        else if (label !== undefined)
          for (const [value, n] of Object.entries(reading ?? {}))
            if (n !== undefined) this.set({ [label]: value }, n);
      },
    });
  };
  const startedAt = performance.timeOrigin;
  new Gauge({
    name: 'gatehouse_build_info',
    help: metricTable.gatehouse_build_info.help,
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version, node: process.version }, 1);
  gauge('gatehouse_process_resident_memory_bytes', () => process.memoryUsage.rss());
  gauge('gatehouse_process_heap_used_bytes', () => process.memoryUsage().heapUsed);
  gauge('gatehouse_process_start_time_seconds', () => startedAt / 1000);

  return {
    counter: (name, labels) => found(counters, name).of(labels),
    histogram: (name, labels) => found(histograms, name).of(labels),
    gauge,
    text: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}

function found<T>(series: ReadonlyMap<string, T>, name: string): T {
  const one = series.get(name);
  if (one === undefined) throw new Error(`${name} is not a counter`);
  return one;
}
