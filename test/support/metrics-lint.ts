// Parses Prometheus' text format strictly, and checks names, units and labels against the rules that Prometheus documents (prometheus.io:
// practices/naming, instrumenting/exposition_formats) and `promtool check metrics` applies.

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

const nameForm = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const sampleForm = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const labelForm = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;
const suffixes = { histogram: ['_bucket', '_sum', '_count'], summary: ['', '_sum', '_count'] } as Record<
  string,
  readonly string[]
>;

/** @throws a sentence that names the line, if the text is not in that format */
export function parseMetrics(text: string): Family[] {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const families: { name: string; type: string; help: string; samples: Sample[] }[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const fault = (what: string) => new Error(`line ${index + 1}: ${what}: ${line}`);
    if (line === '') continue;
    const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line) ?? [];
    let family = families.at(-1);
    if (keyword === 'HELP') {
      if (!nameForm.test(name)) throw fault('not a name');
      if (families.some((one) => one.name === name)) throw fault('a second time');
      families.push({ name, type: '', help: rest, samples: [] });
      continue;
    }
    if (keyword === 'TYPE') {
      if (family?.name !== name || family.type !== '') throw fault('TYPE without its HELP');
      if (!/^(counter|gauge|histogram|summary|untyped)$/.test(rest)) throw fault('no type');
      family.type = rest;
      continue;
    }
    if (line.startsWith('#')) throw fault('neither HELP nor TYPE');
    const [, sample, labels = '', number = ''] = sampleForm.exec(line) ?? [];
    if (sample === undefined) throw fault('not a sample');
    family = families.at(-1);
    const allowed = (suffixes[family?.type ?? ''] ?? ['']).map((suffix) => `${family?.name}${suffix}`);
    if (!family || !allowed.includes(sample)) throw fault('a sample without its HELP and TYPE');
    const value = number === '+Inf' ? Number.POSITIVE_INFINITY : Number(number);
    if (Number.isNaN(value) && number !== 'NaN') throw fault('not a number');
    family.samples.push({ name: sample, labels: readLabels(labels, fault), value });
  }
  return families;
}

function readLabels(text: string, fault: (what: string) => Error): Record<string, string> {
  const labels: Record<string, string> = {};
  labelForm.lastIndex = 0;
  let end = 0;
  while (end < text.length) {
    const found = labelForm.exec(text);
    if (!found) throw fault('not a label');
    const [, name = '', value = ''] = found;
    if (name in labels) throw fault('a label twice');
    labels[name] = value;
    end = labelForm.lastIndex;
  }
  return labels;
}

const notBase =
  /(^|_)(milli|micro|nano|kilo|mega|giga|kibi|mebi)?(minutes?|hours?|days?|weeks?|milliseconds?|microseconds?|nanoseconds?|kilobytes?|megabytes?|gigabytes?|bits?|percent(age)?|ms|us|ns|sec|secs|kb|mb|gb|kib|mib)(_|$)/;
const unitless = /_(seconds|bytes|ratio|celsius|meters|joules|volts|amperes|grams)$/;
/** Nobody looks at more series than this of one metric. */
const mostSeries = 120;
const mostPerLabel = 80;

/** Every fault; empty if there is none. @param prefix what every name begins with */
export function lintMetrics(families: readonly Family[], prefix: string): string[] {
  return families.flatMap(({ name, type, help, samples }) => {
    const faults: string[] = [];
    const check = (holds: boolean, what: string) => !holds && faults.push(`${name}: ${what}`);
    const bare = name.replace(/_total$/, '');
    check(name.startsWith(prefix), `does not begin with ${prefix}`);
    check(/^[a-z][a-z0-9_]*$/.test(name) && !name.includes('__'), 'not in snake_case');
    check(help.trim().length > 10, 'no help');
    check(type !== '' && type !== 'untyped', 'no type');
    check(type !== 'counter' || name.endsWith('_total'), 'a counter ends in _total');
    check(type === 'counter' || !name.endsWith('_total'), 'only a counter ends in _total');
    check(!/_(bucket|count|sum|info_total)$/.test(name), 'a reserved ending');
    check(!/(^|_)(counter|gauge|histogram|summary|metric)(_|$)/.test(name), 'the type is no part of a name');
    check(!notBase.test(name), 'not a base unit');
    check(
      !/_(seconds|bytes)_/.test(bare.slice(0, -1)) || /_seconds$|_bytes$/.test(bare),
      'the unit stands last',
    );
    check(type !== 'histogram' || unitless.test(name), 'a histogram names its unit');
    check(
      !/(duration|delay|latency|ping|age|timestamp|start_time)/.test(bare) || /_seconds$/.test(bare),
      'a time in seconds',
    );
    check(!/memory|heap/.test(bare) || /_bytes$/.test(bare), 'memory in bytes');
    for (const label of new Set(samples.flatMap(({ labels }) => Object.keys(labels)))) {
      const values = new Set(samples.map(({ labels }) => labels[label]));
      check(/^[a-z][a-z0-9_]*$/.test(label), `label ${label} not in snake_case`);
      check(label !== 'le' || type === 'histogram', 'le is for histograms');
      check(label !== 'quantile' || type === 'summary', 'quantile is for summaries');
      check(!bare.split('_').includes(label), `label ${label} is in the name already`);
      check(values.size <= mostPerLabel, `label ${label} has ${values.size} values`);
      for (const value of values)
        check(
          !/@|\/|\d{6,}|\b\d+\.\d+\.\d+\.\d+\b/.test(value ?? ''),
          `label ${label} may name somebody: ${value}`,
        );
    }
    const series = new Set(
      samples.map(({ name: sample, labels }) => JSON.stringify([sample, Object.entries(labels).sort()])),
    );
    check(series.size === samples.length, 'a series twice');
    check(series.size <= mostSeries || type === 'histogram', `${series.size} series`);
    if (type !== 'gauge')
      check(
        samples.every(({ value }) => value >= 0),
        'below 0',
      );
    if (type === 'histogram') faults.push(...bucketFaults(name, samples));
    return faults;
  });
}

function bucketFaults(name: string, samples: readonly Sample[]): string[] {
  const groups = Map.groupBy(samples, ({ labels: { le: _, ...labels } }) => JSON.stringify(labels));
  return [...groups].flatMap(([labels, all]) => {
    const buckets = all.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels: { le } }) =>
      le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le),
    );
    const rising = (numbers: readonly number[]) =>
      numbers.every((n, i) => i === 0 || n >= (numbers[i - 1] ?? 0));
    const count = all.find((sample) => sample.name === `${name}_count`)?.value;
    const fine =
      rising(bounds) &&
      rising(buckets.map(({ value }) => value)) &&
      bounds.at(-1) === Number.POSITIVE_INFINITY &&
      buckets.at(-1)?.value === count &&
      all.some((sample) => sample.name === `${name}_sum`);
    return fine ? [] : [`${name}${labels}: its buckets do not add up`];
  });
}
