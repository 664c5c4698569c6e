// The header names under which well-known apps want to be told who is signed in, and what each app's own configuration must say.
// They tell an app the address, because it is unique: the part before the `@` is not, and `admin@` of any domain would become `admin`.
import type { AppHeaders } from './contract.ts';

export interface Preset {
  /** The app's name, for people. */
  readonly title: string;
  /** Without any name: the app cannot sign people in by headers. */
  readonly headers: AppHeaders;
  /** One line: what to set in the app, or why people sign in there a second time. `backticks` mark names. */
  readonly setup: string;
}

/** No names: the app is told nothing. */
const none: AppHeaders = { userIs: 'email' };
/** Also Forgejo's, a fork that has kept it. */
const gitea: Omit<Preset, 'title'> = {
  headers: { email: 'X-WEBAUTH-EMAIL', userIs: 'email' },
  setup:
    'Set `ENABLE_REVERSE_PROXY_AUTHENTICATION = true` and `ENABLE_REVERSE_PROXY_EMAIL = true` under `[service]`, and `REVERSE_PROXY_TRUSTED_PROXIES` under `[security]` to the address of the reverse proxy; make the accounts with their addresses first. Git over HTTP and the API need tokens, and their own way around the guard.',
};

/** By the name that the apps file uses. */
export const presets: ReadonlyMap<string, Preset> = new Map<string, Preset>([
  // https://grafana.com/docs/grafana/latest/setup-grafana/configure-access/configure-authentication/auth-proxy/
  [
    'grafana',
    {
      title: 'Grafana',
      headers: { user: 'X-WEBAUTH-USER', userIs: 'email' },
      setup:
        'Set `GF_AUTH_PROXY_ENABLED=true`, `GF_AUTH_PROXY_HEADER_NAME=X-WEBAUTH-USER`, `GF_AUTH_PROXY_HEADER_PROPERTY=email`, and `GF_AUTH_PROXY_WHITELIST` to the address of the reverse proxy.',
    },
  ],
  // https://docs.gitea.com/usage/authentication#reverse-proxy; services/auth/reverseproxy.go: an account is found by its address if there
  // is no user header, and is made only from a user header, which may hold no `@`.
  ['gitea', { title: 'Gitea', ...gitea }],
  // https://forgejo.org/docs/latest/admin/config-cheat-sheet/#service-service
  ['forgejo', { title: 'Forgejo', ...gitea }],
  // https://docs.paperless-ngx.com/configuration/#PAPERLESS_ENABLE_HTTP_REMOTE_USER
  [
    'paperless-ngx',
    {
      title: 'Paperless-ngx',
      headers: { user: 'Remote-User', userIs: 'email' },
      setup:
        'Set `PAPERLESS_ENABLE_HTTP_REMOTE_USER=true`. User names are addresses then: rename the users that exist. Paperless-ngx trusts the header from anyone who reaches it, so let only the reverse proxy reach it.',
    },
  ],
  // https://www.home-assistant.io/docs/authentication/providers/ (users, trusted networks, a command: no headers)
  [
    'home-assistant',
    {
      title: 'Home Assistant',
      headers: none,
      setup:
        'Home Assistant has no sign-in by headers: people sign in there a second time. A component of the community (`hass-auth-header`) adds one; Home Assistant does not vouch for it, and a mistake in its settings lets anyone in. The phone apps cannot pass the guard.',
    },
  ],
  // https://miniflux.app/docs/configuration.html; internal/config refuses AUTH_PROXY_HEADER without the networks.
  [
    'miniflux',
    {
      title: 'Miniflux',
      headers: { user: 'Remote-User', userIs: 'email' },
      setup:
        'Set `AUTH_PROXY_HEADER=Remote-User`, `TRUSTED_REVERSE_PROXY_NETWORKS` to the address of the reverse proxy, and `AUTH_PROXY_USER_CREATION=1` if users are to be made at their first visit; their names are addresses.',
    },
  ],
  // https://github.com/nextcloud/user_saml (README.md: authentication via environment variable; lib/Controller/SAMLController.php reads
  // $_SERVER, where PHP puts request headers as well)
  [
    'nextcloud',
    {
      title: 'Nextcloud',
      headers: { user: 'Remote-User', userIs: 'email' },
      setup:
        'Enable the app “SSO & SAML authentication”, choose “environment variable”, and enter `HTTP_REMOTE_USER` as the attribute of the user id. User ids are addresses then. Nextcloud trusts the header from anyone who reaches it, so let only the reverse proxy reach it. Sync clients and WebDAV cannot pass the guard.',
    },
  ],
  // https://github.com/requarks/wiki/pull/4183: a module for headers was proposed in 2021, and is not part of any release.
  [
    'wiki-js',
    {
      title: 'Wiki.js',
      headers: none,
      setup: 'Wiki.js has no sign-in by headers: people sign in there a second time.',
    },
  ],
  // https://docs.openwebui.com/features/authentication-access/auth/sso/#trusted-header
  [
    'open-webui',
    {
      title: 'Open WebUI',
      headers: { email: 'X-Forwarded-Email', userIs: 'email' },
      setup:
        'Set `WEBUI_AUTH_TRUSTED_EMAIL_HEADER=X-Forwarded-Email`. Open WebUI trusts the header from anyone who reaches it, so let only the reverse proxy reach it.',
    },
  ],
]);
