// Header names that a client must not be able to send to an app: those that say who somebody is, and those that only a proxy sets.

/**
 * Every header whose name begins like this says who somebody is. `Authorization` is not among them: an app verifies what is in it
 * (Basic, Bearer), so it proves itself and is left alone.
 */
export const identityPrefixes = ['Remote-', 'X-Auth-', 'X-WEBAUTH-', 'X-Guard-'] as const;

/** Identity headers with a prefix that other headers have as well. */
const forwardedIdentity = [
  'X-Forwarded-User',
  'X-Forwarded-Email',
  'X-Forwarded-Groups',
  'X-Forwarded-Preferred-Username',
  'X-Forwarded-Access-Token',
] as const;

/**
 * Names that begin with one of `identityPrefixes` and that some proxy or app is known to use: nginx cannot remove by prefix.
 * From the documents of oauth2-proxy, Authelia, authentik, tinyauth, Grafana, Gitea, Forgejo, Paperless-ngx and Apache.
 */
const knownIdentity = [
  'Remote-User',
  'Remote-Email',
  'Remote-Groups',
  'Remote-Name',
  'Remote-Role',
  'Remote-Roles',
  'Remote-Sub',
  'X-Auth-User',
  'X-Auth-Username',
  'X-Auth-Name',
  'X-Auth-Email',
  'X-Auth-Groups',
  'X-Auth-Roles',
  'X-Auth-Id',
  'X-Auth-Token',
  'X-Auth-Request-User',
  'X-Auth-Request-Email',
  'X-Auth-Request-Groups',
  'X-Auth-Request-Preferred-Username',
  'X-Auth-Request-Access-Token',
  'X-Auth-Request-Redirect',
  'X-WEBAUTH-USER',
  'X-WEBAUTH-NAME',
  'X-WEBAUTH-FULLNAME',
  'X-WEBAUTH-EMAIL',
  'X-WEBAUTH-LOGIN',
  'X-WEBAUTH-GROUPS',
  'X-WEBAUTH-ROLE',
  'X-WEBAUTH-TEAMS',
  'X-WEBAUTH-ORG',
  'X-Guard-Key',
  'X-Guard-Front',
  'X-Guard-Redirect',
  'X-Guard-Location',
  'X-Guard-Reason',
  'X-Guard-Assertion',
] as const;

/** Other names under which apps accept an identity, beyond the rule: removed too, since no browser sends them. */
const otherIdentity = [
  'X-Remote-User',
  'X-Remote-Email',
  'X-Remote-Groups',
  'X-Authenticated-User',
  'X-Forwarded-Name',
  'X-Forwarded-Login',
  'X-Forwarded-Roles',
  'X-Authentik-Username',
  'X-Authentik-Email',
  'X-Authentik-Groups',
  'X-Authentik-Name',
  'X-Authentik-Uid',
  'X-Authentik-Jwt',
  'Tailscale-User-Login',
  'Tailscale-User-Name',
  'Cf-Access-Authenticated-User-Email',
  'Cf-Access-Jwt-Assertion',
] as const;

/** What a client says about the way it came: addresses that an app may use for links, limits and its log. */
export const clientClaims = [
  'Forwarded',
  'X-Client-IP',
  'True-Client-IP',
  'X-Original-URL',
  'X-Rewrite-URL',
  'X-Original-Method',
  'X-Forwarded-Uri',
  'X-Forwarded-Method',
  'X-Forwarded-Port',
  'X-Forwarded-Server',
  'X-Forwarded-Prefix',
  'X-Forwarded-Scheme',
  'X-Forwarded-Protocol',
  'X-Forwarded-Ssl',
  'X-Forwarded-Path',
] as const;

/** For a front that removes exact names only. */
export const exactIdentityNames: readonly string[] = [
  ...knownIdentity,
  ...forwardedIdentity,
  ...otherIdentity,
];
/** For a front that also removes by prefix: what no prefix covers. */
export const unprefixedIdentityNames: readonly string[] = [...forwardedIdentity, ...otherIdentity];

/** Headers that an app cannot have its identity in, in lower case: the front or HTTP itself needs them. */
export const protectedNames: ReadonlySet<string> = new Set([
  ...['host', 'cookie', 'set-cookie', 'connection', 'upgrade', 'content-length', 'content-type'],
  ...['transfer-encoding', 'te', 'trailer', 'keep-alive', 'expect', 'authorization', 'via'],
  ...[
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-proto',
    'x-real-ip',
    'x-guard-key',
    'x-guard-front',
  ],
  ...clientClaims.map((name) => name.toLowerCase()),
]);
