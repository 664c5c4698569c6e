// The guard's own listener. Only the front reaches it: the decision about every request to an app, and the few addresses under
// `/.gatehouse/` on an app's host. It serves no pages; what needs words is a page of the desk.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Recorder } from '../audit/recorder.ts';
import type { Logger } from '../http/log.ts';
import { deviceOf } from '../sessions/rules/device.ts';
import { StoreUnavailable } from '../store/contract.ts';
import { send, sendUnavailable } from './answers.ts';
import { type AppEndpointOptions, createAppEndpoints } from './app-endpoints.ts';
import { type Asked, type CheckEndpointOptions, createCheckEndpoint } from './check-endpoint.ts';
import type { GuardedApp } from './contract.ts';
import { readFrontRequest } from './front-request.ts';
import { readGuardCookie } from './guard-cookie.ts';
import { createProbeEndpoint, type ProbeOptions } from './probe-endpoint.ts';

export interface GuardListenerOptions
  extends CheckEndpointOptions,
    AppEndpointOptions,
    Pick<ProbeOptions, 'keyring' | 'apps'> {
  /** The app whose key this is; undefined: none. */
  readonly appOfKey: (key: string) => GuardedApp | undefined;
  /** The public keys with which assertions are verified (RFC 7517). */
  readonly jwks: () => Promise<object>;
  readonly recorder: Recorder;
  readonly logger: Logger;
}

export function createGuardListener(options: GuardListenerOptions): RequestListener {
  const { appOfKey, jwks, recorder, logger, onCheck } = options;
  const check = createCheckEndpoint(options);
  const { enter, arrived, signOut } = createAppEndpoints(options);
  const probe = createProbeEndpoint(options);

  /** The request, and the app that it is about. undefined: it was refused. */
  function read(req: IncomingMessage, res: ServerResponse): Asked | undefined {
    const front = readFrontRequest(req);
    const app = front && appOfKey(front.key);
    if (!front || !app) {
      onCheck('', 'unknown-app');
      recorder.note({ event: 'guard.untrusted', outcome: 'refused', reason: front ? 'key' : 'headers' });
      send(res, 403, ['X-Guard-Reason', 'unknown-app']);
      return undefined;
    }
    // The key decides. Another host with it means that two sites of the front share one key, and with it their people.
    if (front.host !== new URL(app.origin).host) {
      onCheck(app.name, 'wrong-host');
      const facts = { app: app.name };
      recorder.note({ event: 'guard.untrusted', outcome: 'refused', reason: 'host', facts });
      send(res, 403, ['X-Guard-Reason', 'wrong-host']);
      return undefined;
    }
    return {
      req,
      res,
      app,
      front,
      id: readGuardCookie(req, app),
      isNavigation: front.isNavigation,
      here: () => ({ device: deviceOf(front.userAgent), network: front.ip }),
    };
  }

  async function route(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { method, url = '' } = req;
    const isGet = method === 'GET';
    if (isGet && url === '/.well-known/jwks.json')
      return send(res, 200, ['Content-Type', 'application/json'], JSON.stringify(await jwks()));
    const [path = '', ...rest] = url.split('?');
    const query = new URLSearchParams(rest.join('?'));
    if (isGet && path === '/.gatehouse/probe') return probe(req, res, query);
    const isKnown = /^\/(?:check|\.gatehouse\/(?:enter|arrived|sign-out))$/.test(path);
    const isLeaving = path === '/.gatehouse/sign-out';
    if (!isKnown || !(isGet || (isLeaving && method === 'POST'))) return send(res, 404);
    const asked = read(req, res);
    if (!asked) return;
    if (path === '/check') check(asked);
    else if (isLeaving) await signOut(asked);
    else await (path === '/.gatehouse/enter' ? enter(asked, query) : arrived(asked, query));
  }

  return (req, res) => {
    // The front sends no body with a check, and nothing else here reads one.
    req.resume();
    route(req, res).catch((error: unknown) => {
      if (!(error instanceof StoreUnavailable)) logger.error({ event: 'guard.failed', err: error });
      sendUnavailable(res);
    });
  };
}
