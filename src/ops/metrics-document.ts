// Generates `docs/metrics.md` from the table of metrics.
import { type MetricRow, metricTable } from './metric-table.ts';

export function metricsDocument(): string {
  const rows = Object.entries<MetricRow>(metricTable).map(
    ([name, row]) => `| \`${name}\` | ${row.type} | ${labelsOf(row)} | ${row.help} |`,
  );
  return `# Metrics

\`GET /metrics\` on \`OPS_PORT\` answers in Prometheus’ text format. That port is for operators: it needs no
sign-in, so it must never be reachable through the proxy. No label ever contains a person, a handle, a path or an address.

\`docs/grafana-dashboard.json\` shows them in Grafana (import it, and choose the Prometheus data source);
\`docs/alert-rules.yml\` is a rule file for Prometheus. A scrape configuration:

\`\`\`yaml
scrape_configs:
  - job_name: gatehouse
    scrape_interval: 15s
    static_configs:
      - targets: ['127.0.0.1:9464']
\`\`\`

Counters start at 0 when the program starts, and each replica has its own: sum over the replicas. \`gatehouse_sessions_live\` counts the
whole store in each replica: take the highest, not the sum.

| metric | type | labels | meaning |
|---|---|---|---|
${rows.join('\n')}

This page is generated from \`src/ops/metric-table.ts\` by \`npm run docs\`.
`;
}

const shown = 8;

function labelsOf({ labels = {} }: MetricRow): string {
  return Object.entries(labels)
    .map(([label, values]) => {
      if (values.length === 0) return `\`${label}\``;
      const some = values.slice(0, shown).map((value) => `\`${value}\``);
      const more = values.length > shown ? ` and ${values.length - shown} more` : '';
      return `\`${label}\`: ${some.join(', ')}${more}`;
    })
    .join('; ');
}
