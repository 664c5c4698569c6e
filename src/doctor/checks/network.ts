// Checks of the ways to the app that do not lead through the gate, and of the clocks.

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
    good: 'Health and measures do not answer from outside of this machine',
    why: 'They tell strangers how many people are here and how the house is.',
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
    judge: ofGateAndConfig((gate, { port, opsPort }) => {
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
      ({ unread }) => {
        const parts = unread.map((part) => `${quote(placeOf(part))} (${part.why})`);
        return seenIf(parts.length > 0 && `Not read here: ${parts.slice(0, 8).join(', ')}.`);
      },
    ),
  },
  {
    id: 'network.published-ports',
    subject: 'Network',
    severity: 'high',
    good: 'docker-compose.yml publishes no port but the gate’s',
    why: 'A published port passes by the firewall of many machines: the app or Redis would be open to whoever reaches this one.',
    mend: 'ports: []',
    judge: ofCompose(['ports', 'image'], ({ services }) => {
      const others = services.filter(({ image, ports }) => !isGate(image) && ports.length > 0);
      const words = (list: typeof others) =>
        list.map(({ name, ports }) => `${name}: ${quoteAll(ports.map(({ text }) => text))}`).join('; ');
      const on = others.filter(({ isOn }) => isOn);
      if (on.length > 0) return { seen: `Published: ${words(on)}.` };
      return others.length > 0
        ? notChecked(`only with a profile that is not on here: ${words(others)}`)
        : 'passed';
    }),
  },
  {
    id: 'network.gate-port',
    subject: 'Network',
    severity: 'medium',
    good: 'The gate’s port is published on loopback alone',
    why: 'Otherwise it also answers over plain http to everyone in the network, past the front that speaks https.',
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
    good: 'Containers have networks of their own',
    why: 'With the network of the machine every port of the container is open on it.',
    mend: 'networks: [inside]',
    judge: ofCompose(['network_mode', 'networks'], ({ services }) => {
      const shared = services.filter(({ onHost }) => onHost !== undefined);
      const words = (list: typeof shared) => list.map(({ name, onHost }) => `${name}: ${onHost}`).join('; ');
      const on = shared.filter(({ isOn }) => isOn);
      if (on.length > 0) return { seen: `${words(on)}.` };
      return shared.length > 0
        ? notChecked(`only with a profile that is not on here: ${words(shared)}`)
        : 'passed';
    }),
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

function unclear(places: readonly string[]): string | undefined {
  return places.length > 0
    ? `something answers at ${quoteAll(places)}, and it cannot be told whether it is this program`
    : undefined;
}

function skew(aheadMs: number): string {
  return `its clock is ${Math.round(Math.abs(aheadMs) / 1000)} seconds ${aheadMs > 0 ? 'ahead' : 'behind'}.`;
}

/** Judges the Compose files. @param keys the parts of services that it looks at: unread, they leave the verdict open */
function ofCompose(keys: readonly string[], judge: (compose: ComposeFile) => Verdict): Check['judge'] {
  return of(
    (d) => d.compose,
    (compose) => {
      const blind = compose.unread.find(({ key }) => key === '*' || keys.includes(key));
      return unlessDoubted(judge(compose), blind && `${placeOf(blind)} could not be read`);
    },
  );
}
