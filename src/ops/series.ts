// The numbers behind counters and histograms: arrays of fixed length, because every label value is known in advance. A request costs one
// addition; everything else is done when the metrics are requested.
import type { MetricRow } from './metric-table.ts';

export type Labels = Readonly<Record<string, string>>;

/** Every combination of the label values of `row`, in a fixed order; without labels, one empty combination. */
export function combinations(row: MetricRow): readonly Labels[] {
  return Object.entries(row.labels ?? {}).reduce<Labels[]>(
    (found, [name, values]) =>
      found.flatMap((labels) => values.map((value) => ({ ...labels, [name]: value }))),
    [{}],
  );
}

export interface CounterSeries {
  /** Resolves the series once. A value outside the closed set counts as `other`. @throws if there is no such series */
  of(labels?: Labels): (n?: number) => void;
  values(): { readonly labels: Labels; readonly value: number }[];
}

export function createCounterSeries(name: string, row: MetricRow): CounterSeries {
  const all = combinations(row);
  const sums = new Float64Array(all.length);
  return {
    of(labels = {}) {
      const index = indexOf(name, row, all, labels);
      return (n = 1) => {
        sums[index] = (sums[index] ?? 0) + n;
      };
    },
    values: () => all.map((labels, index) => ({ labels, value: sums[index] ?? 0 })),
  };
}

export interface HistogramSeries {
  /** Resolves the series once. @returns a function that takes one value, in the unit of the metric's name */
  of(labels?: Labels): (value: number) => void;
  /** As Prometheus expects them: cumulative buckets, sum and count of each series that has a value. */
  values(): { readonly metricName: string; readonly labels: Labels; readonly value: number }[];
}

export function createHistogramSeries(name: string, row: MetricRow): HistogramSeries {
  const all = combinations(row);
  const bounds = row.buckets ?? [];
  const width = bounds.length + 1;
  const counts = new Float64Array(all.length * width);
  const sums = new Float64Array(all.length);
  return {
    of(labels = {}) {
      const index = indexOf(name, row, all, labels);
      const first = index * width;
      return (value) => {
        let bucket = 0;
        while (bucket < bounds.length && value > (bounds[bucket] ?? 0)) bucket++;
        counts[first + bucket] = (counts[first + bucket] ?? 0) + 1;
        sums[index] = (sums[index] ?? 0) + value;
      };
    },
    values: () =>
      all.flatMap((labels, index) => {
        let count = 0;
        const buckets = [...bounds, '+Inf'].map((le, bucket) => {
          count += counts[index * width + bucket] ?? 0;
          return { metricName: `${name}_bucket`, labels: { ...labels, le: String(le) }, value: count };
        });
        if (count === 0) return [];
        return [
          ...buckets,
          { metricName: `${name}_sum`, labels, value: sums[index] ?? 0 },
          { metricName: `${name}_count`, labels, value: count },
        ];
      }),
  };
}

function indexOf(name: string, row: MetricRow, all: readonly Labels[], labels: Labels): number {
  const known = Object.entries(row.labels ?? {}).map(([label, values]) => {
    const value = labels[label] ?? '';
    return [label, values.includes(value) ? value : 'other'] as const;
  });
  const index = all.findIndex((found) => known.every(([label, value]) => found[label] === value));
  if (index < 0) throw new Error(`${name} has no series ${JSON.stringify(labels)}`);
  return index;
}
