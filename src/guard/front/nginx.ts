// What nginx (1.22 or newer, no modules of others) includes. The operator keeps what only he knows: the `server` block with its TLS and
// its listening, and the `upstream` of the app. Everything that a request of the app passes is here, `location /` too: one
// `proxy_set_header` in a block of the operator's own would undo every one of ours.
import type { GuardedApp } from '../contract.ts';
import { anySecretCookie, cookieStep, cookieSteps, secretCookiePattern } from './cookies.ts';
import { clientClaims, exactIdentityNames } from './headers.ts';
import {
  checkedApps,
  type FrontFile,
  type FrontInput,
  type GuardAddress,
  hostOf,
  readGuardAddress,
  wantedHeaders,
} from './input.ts';
import { dotSegment } from './paths.ts';

/** One file for the `http` block, and one for the `server` block of each app. @throws FrontRefused */
export function nginxFiles(input: FrontInput): readonly FrontFile[] {
  const apps = checkedApps(input);
  return [
    { name: 'gatehouse-common.conf', text: common(input) },
    ...apps.map((app) => ({ name: `${app.name}.conf`, text: appFile(app, input), app: app.name })),
  ];
}

function common({ guards, cookies }: FrontInput): string {
  const servers = guards.map(readGuardAddress).map(upstreamAddress);
  // With `max_fails` above 0, two replicas that restart one after the other would both be left out for a while. The only one is named
  // twice, or nothing would be tried again.
  const tried = servers.length === 1 ? [...servers, ...servers] : servers;
  const { pattern, result } = cookieStep(cookies);
  const step = (from: string, to: string) => `map ${from} ${to} {
  default "";
  "~${pattern}" "${result}";
}`;
  const steps = Array.from({ length: cookieSteps }, (_, i) =>
    step(i === 0 ? '$http_cookie' : `$gatehouse_cookie_${i}`, `$gatehouse_cookie_${i + 1}`),
  );
  return `# In the http block, before the apps' servers: include this file once.

# A header name with an underscore reads like one with a hyphen to many apps. If your own nginx.conf has one of these two lines,
# nginx says "is duplicate": remove yours.
underscores_in_headers off;
ignore_invalid_headers on;

upstream gatehouse_guard {
${tried.map((server) => `  server ${server} max_fails=0;`).join('\n')}
  keepalive 32;
}

# HTTP/3 has no Host header.
map $http_host $gatehouse_host {
  default $http_host;
  "" $host;
}

# Nothing but a WebSocket: with "Upgrade: h2c" a client could talk to the app past every check.
map $http_upgrade $gatehouse_upgrade {
  default "";
  "~*^websocket$" websocket;
}
map $gatehouse_upgrade $gatehouse_connection {
  default upgrade;
  "" "";
}

# No browser sends these: a path with "." or ".." as one of its parts, which the app might read as another path than the guard.
map $request_uri $gatehouse_odd_path {
  default "";
  "~*${dotSegment}" 1;
}

# Cookie without the cookies of Gatehouse and oauth2-proxy: seven runs of them at each step, the rest unchanged.
${steps.join('\n')}
map $gatehouse_cookie_${cookieSteps} $gatehouse_cookie {
  default "";
  "~${anySecretCookie(cookies)}" "";
  "~^[ \\t;]*(.*?)[ \\t;]*$" "$1";
}
`;
}

function upstreamAddress(address: GuardAddress): string {
  return address.kind === 'unix' ? `unix:${address.path}` : `${address.host}:${address.port}`;
}

/** To the guard, instead of all that the client sent: only these are read there. */
const toTheGuard = `  proxy_http_version 1.1;
  proxy_pass_request_headers off;
  proxy_set_header Host $gatehouse_host;
  proxy_set_header Connection "";
  proxy_set_header X-Forwarded-Method $request_method;
  proxy_set_header X-Forwarded-Uri $request_uri;
  proxy_set_header X-Forwarded-Host $gatehouse_host;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_set_header X-Forwarded-For $remote_addr;
  proxy_set_header Cookie $http_cookie;
  proxy_set_header User-Agent $http_user_agent;
  proxy_set_header Accept $http_accept;
  proxy_set_header Sec-Fetch-Site $http_sec_fetch_site;
  proxy_set_header Sec-Fetch-Mode $http_sec_fetch_mode;
  proxy_set_header Sec-Fetch-Dest $http_sec_fetch_dest;
  proxy_set_header Sec-Fetch-User $http_sec_fetch_user;
  proxy_next_upstream error timeout;
  proxy_next_upstream_timeout 5s;
  proxy_connect_timeout 1s;
  proxy_read_timeout 10s;
  proxy_cookie_domain off;
  proxy_cookie_flags off;
  proxy_buffer_size 16k;
  proxy_buffers 4 16k;`;

function appFile(app: GuardedApp, { keyOf, cookies }: FrontInput): string {
  const upstream = `gatehouse_app_${app.name.replaceAll('-', '_')}`;
  const wanted = wantedHeaders(app.headers);
  const given = new Set(wanted.map(({ to }) => to.toLowerCase()));
  const removed = [...exactIdentityNames, ...clientClaims].filter((name) => !given.has(name.toLowerCase()));
  const variable = (from: string) => `$gatehouse_${from.toLowerCase().replaceAll('-', '_')}`;
  const key = `  proxy_set_header X-Guard-Key "${keyOf(app)}";`;
  return `# In the server block of ${hostOf(app)}, which has your certificate. Besides that it needs only this, outside of the server block:
#
#   upstream ${upstream} {
#     server 127.0.0.1:PORT;   # where the app listens; nobody else may reach it
#     keepalive 16;
#   }
#
# A location of your own may be added with nothing but proxy_pass in it. With a proxy_set_header in it, none of those below would hold there.
# nginx removes headers by their exact names. An app that reads an identity from a header that is neither in this list nor in the apps
# file must not be behind it. Authorization is passed on: the app verifies it. The key below proves which app asks: keep this file private.

satisfy all;
auth_request /.gatehouse/:check;
auth_request_set $gatehouse_redirect $upstream_http_x_guard_redirect;
auth_request_set $gatehouse_location $upstream_http_x_guard_location;
auth_request_set $gatehouse_nonce $upstream_http_set_cookie;
${wanted.map(({ from }) => `auth_request_set ${variable(from)} $upstream_http_${from.toLowerCase().replaceAll('-', '_')};`).join('\n')}
error_page 401 @gatehouse_401;
error_page 403 @gatehouse_403;
# What nginx says when the guard answers neither yes nor no.
error_page 500 =503 @gatehouse_503;

# Whatever the http block says: what the app refuses is its own matter, and one person's page is nobody else's.
proxy_intercept_errors off;
proxy_cache off;

client_max_body_size 0;
proxy_http_version 1.1;
proxy_request_buffering off;
proxy_buffering off;
proxy_read_timeout 1h;
proxy_send_timeout 1h;
large_client_header_buffers 8 16k;
proxy_buffer_size 16k;
proxy_buffers 8 16k;
# If the http block has a larger one, nginx would refuse the buffers above.
proxy_busy_buffers_size 32k;
proxy_headers_hash_max_size 2048;
proxy_headers_hash_bucket_size 128;

# A cookie of the app for a whole domain would reach every other app there: without Domain it stays with this host. One that has the name
# of ours loses Secure, so that browsers refuse it; nginx cannot remove it.
proxy_cookie_domain "~." "";
proxy_cookie_flags "~^${secretCookiePattern(cookies)}$" nosecure;

proxy_set_header Host $gatehouse_host;
proxy_set_header Connection $gatehouse_connection;
proxy_set_header Upgrade $gatehouse_upgrade;
proxy_set_header Cookie $gatehouse_cookie;
proxy_set_header X-Forwarded-For $remote_addr;
proxy_set_header X-Real-IP $remote_addr;
proxy_set_header X-Forwarded-Host $gatehouse_host;
proxy_set_header X-Forwarded-Proto $scheme;
${wanted.map(({ from, to }) => `proxy_set_header ${to} ${variable(from)};`).join('\n')}
${removed.map((name) => `proxy_set_header ${name} "";`).join('\n')}

if ($gatehouse_odd_path) {
  return 400;
}

location / {
  proxy_pass http://${upstream};
}

location = /.gatehouse/:check {
  internal;
  auth_request off;
  proxy_pass http://gatehouse_guard/check;
  proxy_method GET;
  proxy_pass_request_body off;
${toTheGuard}
${key}
  proxy_set_header Content-Length "";
  proxy_set_header Upgrade $http_upgrade;
}

# Sign-in and sign-out on the app's own host: never the app.
location ^~ /.gatehouse/ {
  auth_request off;
  proxy_pass http://gatehouse_guard;
  client_max_body_size 64k;
  proxy_request_buffering on;
${toTheGuard}
${key}
  proxy_set_header Content-Type $content_type;
  proxy_set_header Accept-Language $http_accept_language;
  proxy_set_header Origin $http_origin;
  proxy_set_header Referer $http_referer;
  proxy_hide_header X-Guard-Reason;
  error_page 500 502 503 504 =503 @gatehouse_503;
}

location @gatehouse_401 {
  auth_request off;
  default_type text/plain;
  add_header Cache-Control no-store always;
  add_header X-Guard-Location $gatehouse_location always;
  if ($gatehouse_redirect) {
    add_header Cache-Control no-store always;
    add_header Set-Cookie $gatehouse_nonce always;
    return 302 $gatehouse_redirect;
  }
  return 401 "Sign in first.\\n";
}

location @gatehouse_403 {
  auth_request off;
  default_type text/plain;
  add_header Cache-Control no-store always;
  add_header X-Guard-Location $gatehouse_location always;
  if ($gatehouse_redirect) {
    add_header Cache-Control no-store always;
    add_header Set-Cookie $gatehouse_nonce always;
    return 302 $gatehouse_redirect;
  }
  return 403 "You may not use this.\\n";
}

location @gatehouse_503 {
  auth_request off;
  default_type text/plain;
  add_header Cache-Control no-store always;
  add_header Retry-After 5 always;
  return 503 "Sign-in cannot be checked at the moment. Try again in a few seconds.\\n";
}
`;
}
