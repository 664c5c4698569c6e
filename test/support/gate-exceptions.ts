// What oauth2-proxy.cfg must allow without a sign-in: the public routes, and nothing else.
import type { RouteRow } from '../../src/http/routes.ts';

/** The entries of `skip_auth_routes`, like `GET=^/signed-out$`. */
export function gateExceptions(routes: readonly RouteRow[]): string[] {
  return routes
    .filter(({ who }) => who === 'public')
    .flatMap(({ method, path, gatePattern = `^${path.replaceAll('.', '\\.')}$` }) =>
      (method === 'GET' ? ['GET', 'HEAD'] : [method]).map((one) => `${one}=${gatePattern}`),
    );
}
