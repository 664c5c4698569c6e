// Checks of the ways to reach the app without passing the gate, and of the clocks.
import type { ComposeFile } from '../read/compose-file.ts';
import { isGate, placeOf } from '../read/compose-services.ts';
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
  type Verdict,
} from './check.ts';
import { isLoopback, isNear } from './local-addresses.ts';

const skewMs = 5_000;

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
  {
    id: 'compose.readable',
    subject: 'Network',
    severity: 'medium',
    good: 'The Compose files can be read completely',
    why: 'The check-up cannot judge what it cannot read: it would miss a port or a setting there.',
    mend: 'docker compose config',
    judge: of(
      (d) => d.compose,
      ({ unread }) => {
        const parts = unread.map((part) => `${quote(placeOf(part))} (${part.why})`);
        return seenIf(parts.length > 0 && `Could not read: ${parts.slice(0, 8).join(', ')}.`);
      },
    ),
  },
  {
    id: 'network.published-ports',
    subject: 'Network',
    severity: 'high',
    good: 'docker-compose.yml publishes only the gate’s port',
    why: 'A published port bypasses the firewall on many machines: the app or Redis would be open to anyone who can reach this one.',
    mend: 'ports: []',
    judge: ofCompose(['ports', 'image'], ({ services }) => {
      const others = services.filter(({ image, ports }) => !isGate(image) && ports.length > 0);
      const words = (list: typeof others) =>
        list.map(({ name, ports }) => `${name}: ${quoteAll(ports.map(({ text }) => text))}`).join('; ');
      const on = others.filter(({ isOn }) => isOn);
      if (on.length > 0) return { seen: `Published: ${words(on)}.` };
      return others.length > 0
        ? notChecked(`only with a profile that is not active here: ${words(others)}`)
        : 'passed';
    }),
  },
  {
    id: 'network.gate-port',
    subject: 'Network',
    severity: 'medium',
    good: 'The gate’s port is published on loopback only',
    why: 'Otherwise it also answers over plain http to everyone on the network, bypassing the reverse proxy that provides https.',
    mend: "ports: ['127.0.0.1:4180:4180']",
    judge: ofCompose(['ports', 'image'], ({ services }) => {
      const open = services
        .filter(({ image, isOn }) => isOn && isGate(image))
        .flatMap(({ ports }) => ports.filter(({ onLoopback }) => !onLoopback));
      return seenIf(open.length > 0 && `Published: ${quoteAll(open.map(({ text }) => text))}.`);
    }),
  },
  {
    id: 'network.host-mode',
    subject: 'Network',
    severity: 'high',
    good: 'Containers have their own networks',
    why: 'On the host’s network, every port of the container is open on the host.',
    mend: 'networks: [inside]',
    judge: ofCompose(['network_mode', 'networks'], ({ services }) => {
      const shared = services.filter(({ onHost }) => onHost !== undefined);
      const words = (list: typeof shared) => list.map(({ name, onHost }) => `${name}: ${onHost}`).join('; ');
      const on = shared.filter(({ isOn }) => isOn);
      if (on.length > 0) return { seen: `${words(on)}.` };
      return shared.length > 0
        ? notChecked(`only with a profile that is not active here: ${words(shared)}`)
        : 'passed';
    }),
  },
  {
    id: 'clock.redis',
    subject: 'Clocks',
    severity: 'medium',
    good: 'Redis and this machine agree on the time',
    why: 'Redis expires keys by its own clock: sessions end too early or too late.',
    mend: 'timedatectl set-ntp true',
    judge: of(
      (d) => d.redis,
      (facts) => {
        const known = facts.filter(({ clockAheadMs }) => clockAheadMs !== undefined);
        if (known.length === 0) return notChecked('Redis does not answer');
        return seenIf(
          known
            .filter(({ clockAheadMs = 0 }) => Math.abs(clockAheadMs) > skewMs)
            .map(({ setting, clockAheadMs = 0 }) => `${setting}: ${skew(clockAheadMs)}`)
            .join(' '),
        );
      },
    ),
  },
  {
    id: 'clock.retention',
    subject: 'Clocks',
    severity: 'high',
    good: 'The clock is plausible',
    why: 'While it is not, nothing is removed because of its age: no session, no person, no entry of the record, nothing in the vault.',
    mend: 'timedatectl set-ntp true\ngatehouse clock believe',
    judge: of(
      (d) => d.retention,
      ({ doubt }) =>
        seenIf(
          doubt !== undefined && doubts[doubt],
          doubt === 'ahead' ? 'gatehouse clock believe' : 'timedatectl set-ntp true',
        ),
    ),
  },
  {
    id: 'clock.live',
    subject: 'Clocks',
    severity: 'medium',
    good: 'The server and this machine agree on the time',
    why: 'A wrong clock signs people out immediately or far too late, and Google refuses sign-ins.',
    mend: 'timedatectl set-ntp true',
    judge: of(
      (d) => d.live,
      ({ clockAheadMs }) => {
        if (clockAheadMs === undefined) return notChecked('the answer had no Date header');
        return seenIf(Math.abs(clockAheadMs) > 30_000 && skew(clockAheadMs));
      },
    ),
  },
];

const doubts = {
  ahead:
    'The clock is more than a day ahead of when this store was last used. If it is right (the server was off), confirm it; otherwise set it.',
  behind: 'The clock went backwards. Set it.',
  redis: 'The clocks of the server and of Redis differ by more than an hour. Set the one that is wrong.',
} as const;

function unclear(places: readonly string[]): string | undefined {
  return places.length > 0
    ? `something answers at ${quoteAll(places)}, but it is unclear whether it is this program`
    : undefined;
}

function skew(aheadMs: number): string {
  return `its clock is ${Math.round(Math.abs(aheadMs) / 1000)} seconds ${aheadMs > 0 ? 'ahead' : 'behind'}.`;
}

/** A check of the Compose files. @param keys the service keys that it looks at: if one is unread, the check cannot pass */
function ofCompose(keys: readonly string[], judge: (compose: ComposeFile) => Verdict): Check['judge'] {
  return of(
    (d) => d.compose,
    (compose) => {
      const blind = compose.unread.find(({ key }) => key === '*' || keys.includes(key));
      return unlessDoubted(judge(compose), blind && `${placeOf(blind)} could not be read`);
    },
  );
}
