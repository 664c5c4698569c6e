// Tries the app's ports at the addresses of this machine that others can reach.
import { request } from 'node:http';
import { networkInterfaces } from 'node:os';
import type { Network } from './deployment.ts';

const patienceMs = 1_000;

export async function lookAtNetwork(port: number, opsPort: number): Promise<Network> {
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    // A link-local address needs the name of its wire and reaches no further than that.
    .filter(({ internal, address }) => !internal && !/^fe80:/i.test(address))
    .map(({ address, family }) => (family === 'IPv6' ? `[${address}]` : address));
  const answering = async (at: number, path: string, shape: RegExp) => {
    const heard = await Promise.all(
      addresses.map((address) => answers(`http://${address}:${at}${path}`, shape)),
    );
    return addresses.filter((_address, i) => heard[i]).map((address) => `${address}:${at}`);
  };
  const [appAt, opsAt] = await Promise.all([
    answering(port, '/health', /"status"\s*:\s*"healthy"/),
    answering(opsPort, '/livez', /./),
  ]);
  return { appAt, opsAt };
}

/** Whether it is this program that answers there: another one may have the port. */
function answers(url: string, shape: RegExp): Promise<boolean> {
  return new Promise((settle) => {
    const asked = request(
      url,
      { agent: false, timeout: patienceMs, signal: AbortSignal.timeout(patienceMs) },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => {
          text = (text + chunk).slice(0, 1000);
        });
        answer.on('end', () => settle(answer.statusCode === 200 && shape.test(text)));
        answer.on('error', () => settle(false));
      },
    );
    asked.on('error', () => settle(false)).end();
  });
}
