// Checks of the ways to the app that do not lead through the gate, and of the clocks.
import { type Check, notChecked, of, ofConfig, ofGate, quote, quoteAll, seenIf } from './check.ts';
import { isLoopback, isNear } from './near.ts';

const skewMs = 5_000;

export const networkChecks: readonly Check[] = [
  {
    id: 'network.host',
    subject: 'Network',
    severity: 'high',
    good: 'The app listens where only the gate can reach it',
    why: 'Whoever reaches the app itself walks around the gate; only GATE_SECRET is left between.',
    mend: 'HOST=127.0.0.1',
    judge: ofConfig(({ host }, { runBy, inContainer }) => {
      if (runBy === 'compose' || inContainer) {
        return notChecked('in a container its network decides; see network.published-ports');
      }
      return seenIf(!isLoopback(host) && `HOST is ${quote(host)}.`);
    }),
  },
  {
    id: 'network.reachable',
    subject: 'Network',
    severity: 'high',
    good: 'The app does not answer from outside of this machine',
    why: 'Whoever reaches the app itself walks around the gate; only GATE_SECRET is left between.',
    mend: 'HOST=127.0.0.1',
    judge: of(
      (d) => d.network,
      ({ appAt }) => seenIf(appAt.length > 0 && `It answers at ${quoteAll(appAt)}.`),
    ),
  },
  {
    id: 'network.ops-reachable',
    subject: 'Network',
    severity: 'medium',
    good: 'Health and measures do not answer from outside of this machine',
    why: 'They tell strangers how many people are here and how the house is.',
    mend: 'HOST=127.0.0.1',
    judge: of(
      (d) => d.network,
      ({ opsAt }) => seenIf(opsAt.length > 0 && `They answer at ${quoteAll(opsAt)}.`),
    ),
  },
  {
    id: 'network.upstream',
    subject: 'Network',
    severity: 'high',
    good: 'Between the gate and the app there is no foreign wire',
    why: 'The gate’s proof and the person’s address travel there in the open.',
    mend: 'upstreams = ["http://127.0.0.1:3000/"]',
    judge: ofGate((gate) => {
      const far = gate
        .list('upstreams')
        .filter((url) => /^http:/i.test(url) && !isNear(URL.parse(url)?.hostname ?? ''));
      return seenIf(far.length > 0 && `upstreams leads to ${quoteAll(far)}.`);
    }),
  },
  {
    id: 'network.upstream-app',
    subject: 'Network',
    severity: 'high',
    good: 'The gate leads to the app and to nothing else of this house',
    why: 'Led elsewhere, people see an error or another program. To the port of the measures, or to a folder, every member could read them.',
    mend: 'upstreams = ["http://127.0.0.1:3000/"]',
    judge: ofGate((gate, { config }) => {
      if ('missing' in config) return notChecked(config.missing);
      const { port, opsPort } = config.found;
      const urls = gate.list('upstreams');
      const portOf = (url: string) => Number(URL.parse(url)?.port || (/^https:/i.test(url) ? 443 : 80));
      const wrong = urls.filter((url) => /^file:/i.test(url) || portOf(url) === opsPort);
      if (wrong.length > 0) return { seen: `upstreams leads to ${quoteAll(wrong)}.` };
      return seenIf(
        !urls.some((url) => /^https?:/i.test(url) && portOf(url) === port) &&
          (urls.length === 0
            ? 'upstreams is empty.'
            : `The app listens on ${port}; upstreams leads to ${quoteAll(urls)}.`),
      );
    }),
  },
  {
    id: 'network.gate-address',
    subject: 'Network',
    severity: 'medium',
    good: 'The gate is reached through https alone',
    why: 'Here it also answers over plain http to everyone in the network, past the front that speaks https.',
    mend: 'http_address = "127.0.0.1:4180"',
    judge: ofGate((gate, { runBy }) => {
      if (runBy === 'compose') return 'passed';
      const address = gate.text('http_address') ?? '127.0.0.1:4180';
      // A socket, or nothing at all.
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
    good: 'What Compose is told can all be read',
    why: 'What the check-up cannot read it cannot judge: a port or a setting in it goes unseen.',
    mend: 'docker compose config',
    judge: of(
      (d) => d.compose,
      ({ unread }) => seenIf(unread.length > 0 && `Not read here: ${quoteAll(unread)}.`),
    ),
  },
  {
    id: 'network.published-ports',
    subject: 'Network',
    severity: 'high',
    good: 'docker-compose.yml publishes no port but the gate’s',
    why: 'A published port passes by the firewall of many machines: the app or Redis would be open to whoever reaches this one.',
    mend: 'ports: []',
    judge: of(
      (d) => d.compose,
      ({ services, unread }) => {
        const others = services
          .filter((service) => !isGate(service.image) && service.ports.length > 0)
          .map(({ name, ports }) => `${name}: ${quoteAll(ports)}`);
        if (others.length === 0 && unread.some((part) => part.endsWith(': ports'))) {
          return notChecked(
            `docker-compose.yml has ports in a form that is not read here (${unread.join(', ')})`,
          );
        }
        return seenIf(others.length > 0 && `Published: ${others.join('; ')}.`);
      },
    ),
  },
  {
    id: 'network.gate-port',
    subject: 'Network',
    severity: 'medium',
    good: 'The gate’s port is published on loopback alone',
    why: 'Otherwise it also answers over plain http to everyone in the network, past the front that speaks https.',
    mend: "ports: ['127.0.0.1:4180:4180']",
    judge: of(
      (d) => d.compose,
      ({ services }) => {
        const open = services
          .filter(({ image }) => isGate(image))
          .flatMap(({ ports }) => ports)
          .filter((port) => !/^(?:127\.\d+\.\d+\.\d+|\[::1\]):/.test(port));
        return seenIf(open.length > 0 && `Published: ${quoteAll(open)}.`);
      },
    ),
  },
  {
    id: 'network.host-mode',
    subject: 'Network',
    severity: 'high',
    good: 'Containers have networks of their own',
    why: 'With the network of the machine every port of the container is open on it.',
    mend: 'networks: [inside]',
    judge: of(
      (d) => d.compose,
      ({ services }) => {
        const shared = services.filter(({ networkMode }) => networkMode === 'host').map(({ name }) => name);
        return seenIf(shared.length > 0 && `network_mode: host at ${shared.join(', ')}.`);
      },
    ),
  },
  {
    id: 'clock.redis',
    subject: 'Clocks',
    severity: 'medium',
    good: 'Redis and this machine have the same time',
    why: 'Redis forgets by its own clock: sessions end too early, or too late.',
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
    good: 'The clock shows the time that has really passed',
    why: 'While it is doubted, nothing is removed for its age: no session, no person, no entry of the record, nothing in the vault.',
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
    good: 'The server and this machine have the same time',
    why: 'A wrong clock signs people out at once or far too late, and Google refuses sign-ins.',
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
    'The clock is more than a day ahead of when this store was last in use. If it is right (the server was off), say so; else set it.',
  behind: 'The clock shows less than has passed already. Set it.',
  redis: 'The clock and that of Redis differ by more than an hour. Set the one that is wrong.',
} as const;

function skew(aheadMs: number): string {
  return `its clock is ${Math.round(Math.abs(aheadMs) / 1000)} seconds ${aheadMs > 0 ? 'ahead' : 'behind'}.`;
}

export function isGate(image: string | undefined): boolean {
  return /(?:^|\/)oauth2-proxy(?::|@|$)/.test(image ?? '');
}
