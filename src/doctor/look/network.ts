// Tries the app's ports at the addresses of this machine that others can reach.
import { request } from 'node:http';
import { networkInterfaces } from 'node:os';
import type { Network } from '../deployment.ts';

const patienceMs = 1_000;

export interface NetworkToTry {
  readonly port: number;
  readonly opsPort: number;
  /** The origin that browsers use: under another host name, the app's answer would not identify it. */
  readonly publicOrigin: string;
}

export async function lookAtNetwork({ port, opsPort, publicOrigin }: NetworkToTry): Promise<Network> {
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    // A link-local address needs the name of its interface and is not reachable beyond that network.
    .filter(({ internal, address }) => !internal && !/^fe80:/i.test(address))
    .map(({ address, family }) => (family === 'IPv6' ? `[${address}]` : address));
  const { host } = new URL(publicOrigin);
  const heardAt = async (at: number, path: string, shape: RegExp) => {
    const heard = await Promise.all(
      addresses.map(async (address) => {
        const place = `${address}:${at}`;
        return { place, heard: await ask(`http://${place}${path}`, at === port ? host : place, shape) };
      }),
    );
    const placesOf = (kind: Heard) => heard.filter((one) => one.heard === kind).map(({ place }) => place);
    return { ours: placesOf('ours'), others: placesOf('something') };
  };
  const [app, ops] = await Promise.all([
    heardAt(port, '/health', /"status"\s*:\s*"healthy"/),
    heardAt(opsPort, '/livez', /./),
  ]);
  return { appAt: app.ours, opsAt: ops.ours, unclearAt: { app: app.others, ops: ops.others } };
}

/** `something`: another program may use the port, or this one gives an answer that does not identify it. */
type Heard = 'ours' | 'something' | 'nothing';

/** Error codes for: no connection was established. */
const closed = /^(?:ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/;

function ask(url: string, host: string, shape: RegExp): Promise<Heard> {
  return new Promise((settle) => {
    const asked = request(
      url,
      { agent: false, headers: { host }, timeout: patienceMs, signal: AbortSignal.timeout(patienceMs) },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => {
          text = (text + chunk).slice(0, 1000);
        });
        answer.on('end', () => settle(answer.statusCode === 200 && shape.test(text) ? 'ours' : 'something'));
        answer.on('error', () => settle('something'));
      },
    );
    asked
      .on('error', ({ code }: NodeJS.ErrnoException) =>
        settle(closed.test(code ?? '') ? 'nothing' : 'something'),
      )
      .end();
  });
}
