// The guard's shared types: an app behind the guard, who may use it, and what the front is answered.

/** A group of header names under which an app wants to be told who is signed in. Absent: the app gets no such header. */
export interface AppHeaders {
  readonly user?: string;
  readonly email?: string;
  readonly groups?: string;
  /** The signed assertion: a JWT that the app can verify by itself. */
  readonly assertion?: string;
  /** What `user` holds. `email`: the address. `name`: its part before the `@`. `id`: the identity provider's stable subject. */
  readonly userIs: 'email' | 'name' | 'id';
}

/** One entry of `who`. `until`: milliseconds, the first instant at which it no longer applies; absent: it always applies. */
export type Allowed =
  | { readonly kind: 'everyone'; readonly until?: number }
  | { readonly kind: 'group' | 'person'; readonly name: string; readonly until?: number };

/** A path that needs no sign-in. `exact`: only this path. `below`: this path, which ends with `/`, and everything below it. */
export interface PublicPath {
  readonly kind: 'exact' | 'below';
  readonly path: string;
}

/** An app behind the guard, as the apps file describes it. */
export interface GuardedApp {
  /** Its key in the file: lower-case letters, digits and `-`, at most 32 characters. */
  readonly name: string;
  /** For people; the key if the file gives none. */
  readonly title: string;
  /**
   * `https://grafana.example.org`, without a trailing slash. No two apps share one, and none is the desk's. Nor do they share a host with
   * different ports, except on this machine: browsers send cookies to every port of a host.
   */
  readonly origin: string;
  /** The name of a built-in icon, or one or two letters; absent: the first letter of the title. */
  readonly icon?: string;
  readonly who: readonly Allowed[];
  readonly publicPaths: readonly PublicPath[];
  /** Absent: only the desk session's own limit applies. */
  readonly idleMs?: number;
  readonly lifetimeMs?: number;
  readonly headers: AppHeaders;
  /** Raised to replace the app's key; 1 if the file does not give it. */
  readonly keyVersion: number;
  /** Milliseconds: people who entered up to then must come by the desk again. Absent: nobody's use was ended. */
  readonly endedBefore?: number;
}

/** The apps file, valid as a whole. */
export interface Apps {
  readonly apps: ReadonlyMap<string, GuardedApp>;
  /** The addresses of each group, in lower case. */
  readonly groups: ReadonlyMap<string, ReadonlySet<string>>;
}

/** What is wrong with the apps file, in plain words. `line` counts from 1; absent: the file as a whole. */
export interface AppsFault {
  readonly line?: number;
  readonly message: string;
}

/** The person whom a session belongs to, as a rule sees them. */
export interface Candidate {
  /** In lower case. */
  readonly email: string;
}

/** Why a request was not let through; sent to the front as `X-Guard-Reason`, and never to the browser. */
export type GuardReason =
  /** 401: sign in. */
  | 'no-session'
  | 'ended'
  | 'replayed'
  | 'idle'
  | 'expired'
  | 'renew'
  | 'moved'
  /** 403: signing in again would not help. */
  | 'not-allowed'
  | 'not-listed'
  | 'unknown-app'
  | 'wrong-host'
  | 'too-many-requests';
