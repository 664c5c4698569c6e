// Checks of the ways to reach the app without passing the gate.

import { isLoopback, isNear } from '../../config/local-addresses.ts';
import {
  type Check,
  notChecked,
  of,
  ofConfig,
  ofGate,
  ofGateAndConfig,
  quote,
  quoteAll,
  seenIf,
  unlessDoubted,
} from './check.ts';

export const networkChecks: readonly Check[] = [
  {
    id: 'network.host',
    subject: 'Network',
    severity: 'high',
    good: 'Only the gate can reach the app',
    why: 'Anyone who can reach the app directly bypasses the gate; only GATE_SECRET then protects it.',
    mend: 'HOST=127.0.0.1',
    judge: ofConfig(({ host }, { runBy, inContainer }) => {
      if (runBy === 'compose' || inContainer) {
        return notChecked('in a container, its network decides; see network.published-ports');
      }
      return seenIf(!isLoopback(host) && `HOST is ${quote(host)}.`);
    }),
  },
  {
    id: 'network.reachable',
    subject: 'Network',
    severity: 'high',
    good: 'The app does not answer from outside this machine',
    why: 'Anyone who can reach the app directly bypasses the gate; only GATE_SECRET then protects it.',
    mend: 'HOST=127.0.0.1',
    judge: of(
      (d) => d.network,
      ({ appAt, unclearAt }) =>
        unlessDoubted(
          seenIf(appAt.length > 0 && `It answers at ${quoteAll(appAt)}.`),
          unclear(unclearAt.app),
        ),
    ),
  },
  {
    id: 'network.ops-reachable',
    subject: 'Network',
    severity: 'medium',
    good: 'Health checks and metrics do not answer from outside this machine',
    why: 'They reveal how many people use the site and how well it is doing.',
    mend: 'HOST=127.0.0.1',
    judge: of(
      (d) => d.network,
      ({ opsAt, unclearAt }) =>
        unlessDoubted(
          seenIf(opsAt.length > 0 && `They answer at ${quoteAll(opsAt)}.`),
          unclear(unclearAt.ops),
        ),
    ),
  },
  {
    id: 'network.upstream',
    subject: 'Network',
    severity: 'high',
    good: 'No untrusted network lies between the gate and the app',
    why: 'The gate’s proof and the person’s address are sent unencrypted.',
    mend: 'upstreams = ["http://127.0.0.1:3000/"]',
    judge: ofGate((gate) => {
      const far = gate
        .list('upstreams')
        .filter((url) => /^http:/i.test(url) && !isNear(URL.parse(url)?.hostname ?? ''));
      return seenIf(far.length > 0 && `upstreams points to ${quoteAll(far)}.`);
    }),
  },
  {
    id: 'network.upstream-app',
    subject: 'Network',
    severity: 'high',
    good: 'The gate forwards to the app and nothing else',
    why: 'With another target, people see an error or another program. With the metrics port or a folder as a target, every member could read it.',
    mend: 'upstreams = ["http://127.0.0.1:3000/"]',
    judge: ofGateAndConfig((gate, { port, opsPort }) => {
      const urls = gate.list('upstreams');
      const portOf = (url: string) => Number(URL.parse(url)?.port || (/^https:/i.test(url) ? 443 : 80));
      const wrong = urls.filter((url) => /^file:/i.test(url) || portOf(url) === opsPort);
      if (wrong.length > 0) return { seen: `upstreams points to ${quoteAll(wrong)}.` };
      return seenIf(
        !urls.some((url) => /^https?:/i.test(url) && portOf(url) === port) &&
          (urls.length === 0
            ? 'upstreams is empty.'
            : `The app listens on ${port}; upstreams points to ${quoteAll(urls)}.`),
      );
    }),
  },
  {
    id: 'network.gate-address',
    subject: 'Network',
    severity: 'medium',
    good: 'The gate is only reachable over https',
    why: 'It also answers over plain http to everyone on the network, bypassing the reverse proxy that provides https.',
    mend: 'http_address = "127.0.0.1:4180"',
    judge: ofGate((gate, { runBy }) => {
      if (runBy === 'compose') return 'passed';
      const address = gate.text('http_address') ?? '127.0.0.1:4180';
      // A Unix socket, or no listener at all.
      if (address.startsWith('unix:') || address === '-') return 'passed';
      const host = address.replace(/^https?:\/\//, '').replace(/:\d*$/, '');
      return seenIf(
        !isLoopback(host) && gate.text('tls_cert_file') === undefined && `http_address is ${quote(address)}.`,
      );
    }),
  },
];

function unclear(places: readonly string[]): string | undefined {
  return places.length > 0
    ? `something answers at ${quoteAll(places)}, but it is unclear whether it is this program`
    : undefined;
}
