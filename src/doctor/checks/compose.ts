// Checks of the Compose files: which ports they open.
import type { ComposeFile } from '../read/compose-file.ts';
import { isGate, placeOf } from '../read/compose-services.ts';
import { type Check, notChecked, of, quote, quoteAll, seenIf, unlessDoubted, type Verdict } from './check.ts';

export const composeChecks: readonly Check[] = [
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
];

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
