// What Traefik (3.5 or newer, no plugins) reads from a folder: a middleware and the route of `/.gatehouse/` for each app. Traefik can neither
// rename a header, nor cut a cookie out, nor turn a 401 into a redirect, so `X-Guard-Front: traefik` asks the guard for an answer that it
// can pass on as it is.
import type { GuardedApp } from '../contract.ts';
import { clientClaims, identityPrefixes, unprefixedIdentityNames } from './headers.ts';
import {
  checkedApps,
  type FrontFile,
  type FrontInput,
  FrontRefused,
  hostOf,
  readGuardAddress,
  wantedHeaders,
} from './input.ts';

/**
 * One file for each app. With `X-Guard-Front: traefik` the guard answers 204 with the app's own header names and with `Cookie`, which is
 * what the app may see of the request's cookies (absent: none); a refusal with a redirect is 302 with `Location` and the one `Set-Cookie`;
 * every other refusal is final. All with `Cache-Control: no-store`, and without X-Guard-Reason and X-Guard-Redirect.
 * @throws FrontRefused also for a Unix socket, which Traefik cannot ask
 */
export function traefikFiles(input: FrontInput): readonly FrontFile[] {
  const servers = input.guards.map((guard) => {
    const address = readGuardAddress(guard);
    if (address.kind === 'unix')
      throw new FrontRefused(
        `Traefik cannot ask a Unix socket (${guard}): set GUARD_LISTEN to host:port, or name such an address with --guard`,
      );
    return `http://${address.host}:${address.port}`;
  });
  return checkedApps(input).map((app) => ({
    name: `${app.name}.yaml`,
    text: appFile(app, servers, input),
    app: app.name,
  }));
}

/** What the guard reads of a request; Traefik itself adds X-Forwarded-*. */
const toTheGuard = [
  ...['X-Guard-Key', 'X-Guard-Front', 'Cookie', 'User-Agent', 'Accept', 'Accept-Language'],
  ...['Sec-Fetch-Site', 'Sec-Fetch-Mode', 'Sec-Fetch-Dest', 'Sec-Fetch-User'],
];

function appFile(app: GuardedApp, servers: readonly string[], { keyOf }: FrontInput): string {
  const wanted = wantedHeaders(app.headers).map(({ to }) => to);
  const exact = [...unprefixedIdentityNames, ...clientClaims];
  const removed = `(?i)^(?:${identityPrefixes.join('|')})|^(?:${exact.join('|')})$|[_.]`;
  const list = (names: readonly string[]) => names.map((name) => `          - ${name}`).join('\n');
  const name = `gatehouse-${app.name}`;
  const guardedHost = `Host(\`${hostOf(app)}\`)`;
  return `# For a folder that --providers.file.directory names. The router of ${hostOf(app)} needs this middleware, first in its list:
#
#   traefik.http.routers.${app.name}.middlewares=${name}@file
#
# Without that line the app is open to everybody. Nobody may reach the app but Traefik.
# Traefik asks the first listener only, and answers 500 while it does not answer. It cannot change what an app sets as cookies: an app
# that sets one with Domain= reaches every other app of that domain. Authorization is passed on: the app verifies it.
# The key below proves which app asks: keep this file private, and Traefik's API and dashboard too.

http:
  middlewares:
    ${name}:
      chain:
        middlewares:
          - ${name}-key
          - ${name}-check
    ${name}-key:
      headers:
        customRequestHeaders:
          X-Guard-Key: "${keyOf(app)}"
          X-Guard-Front: traefik
        customResponseHeaders:
          X-Guard-Reason: ""
          X-Guard-Redirect: ""
    ${name}-retry:
      retry:
        attempts: 4
        initialInterval: 100ms
    ${name}-check:
      forwardAuth:
        address: "${servers[0]}/check"
        trustForwardHeader: false
        preserveLocationHeader: true
        maxResponseBodySize: 65536
        authRequestHeaders:
${list(toTheGuard)}
        # What the guard answers replaces what the client sent, and what it does not answer is removed.
        authResponseHeaders:
${list(['Cookie', ...wanted])}
        # Many apps read _ and . in a name like -.
        authResponseHeadersRegex: '${removed}'

  # Sign-in and sign-out on the app's own host: never the app.
  routers:
    ${name}:
      rule: "${guardedHost} && (Path(\`/.gatehouse\`) || PathPrefix(\`/.gatehouse/\`))"
      priority: 1000000
      middlewares:
        - ${name}-key
        - ${name}-retry
      service: ${name}${app.origin.startsWith('https:') ? '\n      tls: {}' : ''}

  services:
    ${name}:
      loadBalancer:
        servers:
${servers.map((server) => `          - url: "${server}"`).join('\n')}
`;
}
