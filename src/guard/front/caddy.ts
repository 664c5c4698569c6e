// What Caddy (2.11 or newer, no plugins) imports: a snippet for each app, whole in itself. The operator's site block needs one line, `import
// gatehouse_APP` with the app's address: Caddy keeps its certificates, and nothing of ours can be left out or put in another order.
import type { GuardedApp } from '../contract.ts';
import { secretCookiePattern } from './cookies.ts';
import { clientClaims, identityPrefixes, unprefixedIdentityNames } from './headers.ts';
import {
  checkedApps,
  type FrontFile,
  type FrontInput,
  type GuardAddress,
  readGuardAddress,
  type WantedHeader,
  wantedHeaders,
} from './input.ts';
import { dotSegment } from './paths.ts';

/** One file for each app. @throws FrontRefused */
export function caddyFiles(input: FrontInput): readonly FrontFile[] {
  return checkedApps(input).map((app) => ({
    name: `${app.name}.caddy`,
    text: appFile(app, input),
    app: app.name,
  }));
}

function appFile(app: GuardedApp, { guards, keyOf, cookies }: FrontInput): string {
  const listeners = guards.map(readGuardAddress).map(upstreamAddress).join(' ');
  const secret = secretCookiePattern(cookies);
  const wanted = wantedHeaders(app.headers);
  const identity = new Set([...unprefixedIdentityNames, ...wanted.map(({ to }) => to)]);
  const toTheGuard = `X-Guard-Key "${keyOf(app)}"
      header_up X-Forwarded-Method {http.request.orig_method}
      header_up X-Forwarded-Uri {http.request.orig_uri}
      header_up X-Forwarded-Host {http.request.hostport}
      header_up X-Forwarded-Proto {http.request.scheme}
      header_up X-Forwarded-For {client_ip}
      header_up -Authorization
      # A replica that restarts is asked again for up to five seconds.
      lb_try_duration 5s
      lb_try_interval 100ms
      transport http {
        dial_timeout 1s
        response_header_timeout 10s
      }`;
  return `# In the Caddyfile:
#
#   import /etc/caddy/gatehouse/*.caddy
#   ${new URL(app.origin).host} {
#       import gatehouse_${app.name} 127.0.0.1:PORT   # where the app listens; nobody else may reach it
#   }
#
# Authorization is passed on: the app verifies it. The key below proves which app asks: keep this file private, and Caddy's admin API too.

(gatehouse_${app.name}) {
  route {
    # No browser sends these: a path with "." or ".." as one of its parts, which the app might read as another path than the guard.
    @gatehouse_odd vars_regexp {http.request.orig_uri} \`(?i)${dotSegment}|^[^/]\`
    error @gatehouse_odd 400

    # What a client says about who it is and which way it came. Many apps read _ and . in a name like -.
    request_header -*_*
    request_header -*.*
${[...identityPrefixes.map((prefix) => `${prefix}*`), ...identity, ...clientClaims].map((name) => `    request_header -${name}`).join('\n')}

    # Nothing but a WebSocket: with "Upgrade: h2c" a client could talk to the app past every check. And a header that "Connection"
    # names would be removed from what Caddy itself adds.
    @gatehouse_websocket header_regexp Upgrade (?i)^websocket$
    @gatehouse_ordinary not header_regexp Upgrade (?i)^websocket$
    request_header @gatehouse_websocket Connection Upgrade
    request_header @gatehouse_websocket Upgrade websocket
    request_header @gatehouse_ordinary -Connection
    request_header @gatehouse_ordinary -Upgrade

    # Sign-in and sign-out on the app's own host: never the app.
    @gatehouse_own path /.gatehouse /.gatehouse/*
    vars @gatehouse_own gatehouse_step own
    request_body @gatehouse_own {
      max_size 64KB
    }
    reverse_proxy @gatehouse_own ${listeners} {
      header_up ${toTheGuard}
      header_down -X-Guard-Reason
    }

    vars gatehouse_step check
    reverse_proxy ${listeners} {
      method GET
      # The ? ends it: without, the query of the request would be added.
      rewrite /check?
      header_up -Content-*
      header_up -If-*
      header_up -Range
      header_up -Expect
      header_up ${toTheGuard}
      @yes status 204
      handle_response @yes {
        vars gatehouse_step app
${wanted.map(givenHeader).join('\n')}
      }
      @elsewhere {
        status 401 403
        header X-Guard-Redirect *
      }
      handle_response @elsewhere {
        header Cache-Control no-store
        @nonce not vars {rp.header.Set-Cookie} ""
        header @nonce Set-Cookie {rp.header.Set-Cookie}
        redir {rp.header.X-Guard-Redirect} 302
      }
      @no status 401 403
      handle_response @no {
        header Cache-Control no-store
        @location not vars {rp.header.X-Guard-Location} ""
        header @location X-Guard-Location {rp.header.X-Guard-Location}
        header Content-Type text/plain
        respond "Sign-in is needed, or you may not use this." {rp.status_code}
      }
      handle_response {
        error 503
      }
    }

    # Cookie without the cookies of Gatehouse and oauth2-proxy; the rest unchanged and in order.
    @gatehouse_cookies header_regexp Cookie \`(^|;)[ \\t]*${secret}[ \\t]*=\`
    route @gatehouse_cookies {
      request_header Cookie \`(^|;)[ \\t]*${secret}[ \\t]*=[^;]*\` ""
      request_header Cookie \`^[; \\t]+\` ""
      @gatehouse_no_cookies not header_regexp Cookie .
      request_header @gatehouse_no_cookies -Cookie
    }

    reverse_proxy {args[:]} {
      header_up X-Forwarded-For {client_ip}
      header_up X-Real-IP {client_ip}
      flush_interval -1
      # A cookie of the app for a whole domain would reach every other app there: without Domain it stays with this host. One that has
      # the name of ours is emptied, and browsers ignore an empty line.
      header_down Set-Cookie \`(?i);[ \\t]*domain[ \\t]*=[^;]*\` ""
      header_down Set-Cookie \`^[ \\t]*${secret}[ \\t]*=.*$\` ""
    }
  }

  # "The guard does not answer" is not "the app does not answer": what your own handle_errors says about the app stays. With codes, because
  # Caddy tries those first.
  handle_errors 502 503 504 {
    @gatehouse_unanswered vars gatehouse_step check own
    handle @gatehouse_unanswered {
      header Cache-Control no-store
      header Retry-After 5
      header Content-Type text/plain
      respond "Sign-in cannot be checked at the moment. Try again in a few seconds." 503
    }
  }
}
`;
}

/** A placeholder without a value would be passed on as it is written, so each is set only if there is one. */
function givenHeader({ from, to }: WantedHeader): string {
  const matcher = `@${from.toLowerCase().replaceAll('-', '_')}`;
  return `        ${matcher} not vars {rp.header.${from}} ""
        request_header ${matcher} ${to} {rp.header.${from}}`;
}

function upstreamAddress(address: GuardAddress): string {
  return address.kind === 'unix' ? `unix/${address.path}` : `${address.host}:${address.port}`;
}
