// The facts that the check-up gathers about a deployment. They contain no secret, so no check can reveal one.
import type { Config } from '../config/derive.ts';
import type { Problem } from '../config/setting.ts';
import type { ComposeFile } from './read/compose-file.ts';
import type { GateSettings } from './read/gate-settings.ts';

/**
 * A fact, or why it is not known, as the end of "Not checked: …".
 * `unread`: it exists but could not be read, which never counts as nothing to see.
 */
export type Known<T> = { readonly found: T } | { readonly missing: string; readonly unread?: true };

/** The configuration without anything that must not be shown. */
export interface VisibleConfig
  extends Pick<
    Config,
    | 'production'
    | 'devMode'
    | 'logLevel'
    | 'rateLimit'
    | 'publicOrigin'
    | 'host'
    | 'port'
    | 'opsPort'
    | 'trustedHops'
    | 'ownCookies'
    | 'session'
    | 'visitor'
    | 'secretMaxAgeMs'
  > {
  readonly operators: readonly string[];
  readonly gateCookie: Config['gate']['cookie'];
  /** Where the app looks for oauth2-proxy's sessions. */
  readonly gateSessions: 'cookie' | 'redis';
  /** The Redis URL of oauth2-proxy's sessions, without user and password; undefined if they are in the cookie. */
  readonly gateRedis: string | undefined;
  readonly store: 'sqlite' | 'redis';
  /** The scheme of the webhook's URL; undefined: there is no webhook. */
  readonly webhook: 'http' | 'https' | undefined;
  readonly confluenceIsPlain: boolean;
}

/** One secret, without its value. */
export interface SecretFact {
  readonly name: string;
  readonly isSet: boolean;
  /** Why it is unfit; absent: no fault is known. */
  readonly fault?: string;
  /** Equal for equal values. Never shown: a weak secret could be guessed from it. */
  readonly fingerprint: string;
  /** When it was generated; absent: not recorded. */
  readonly madeAt?: number;
  /** How many former secrets are still accepted. */
  readonly fallbacks: number;
}

export interface FileFact {
  readonly path: string;
  /** Permission bits; undefined if the system has none. */
  readonly mode: number | undefined;
}

export interface Files {
  readonly env: Known<FileFact>;
  readonly git: Known<{
    readonly tracked: boolean;
    readonly trackedCopies: readonly string[];
  }>;
  /** Whether git ignores `.env`. */
  readonly gitIgnores: Known<boolean>;
  /** Copies of `.env` next to it. */
  readonly envCopies: readonly FileFact[];
  readonly data: Known<FileFact & { readonly openFiles: readonly string[] }>;
  readonly auditLog: Known<{ readonly path: string; readonly writable: boolean }>;
  readonly emails: Known<FileFact & { readonly addresses: readonly string[] }>;
  /** Security-relevant files that everyone on the machine can write to. */
  readonly openToAll: Known<readonly string[]>;
  /** The data folder and files in it that this user cannot write to. */
  readonly notWritable: Known<readonly string[]>;
  /** Free bytes on the disk of the data folder. */
  readonly freeBytes: Known<number>;
  /** The files named by settings that end in _FILE. */
  readonly secretFiles: Known<readonly FileFact[]>;
}

export interface RedisFact {
  readonly setting: 'REDIS_URL' | 'GATE_REDIS_URL';
  /** The error's code if it does not answer; everything below but `why` is then undefined. */
  readonly unreachable?: string;
  /** What that code means, and the fix. */
  readonly why?: string;
  /** A refused operation that the app needs: the command, the code, its meaning and the fix; absent: none was refused, or none was tried. */
  readonly refused?: string;
  /** `standalone`, `cluster` or `sentinel`, as Redis reports it; absent: not reported. */
  readonly mode?: string;
  /** Whether the URL is that of a cluster. */
  readonly isClusterUrl?: boolean;
  /** The version of Redis whose commands it supports; Valkey reports one too. */
  readonly version?: string;
  /** The software and its own version; absent: not reported. */
  readonly release?: { readonly software: 'Redis' | 'Valkey'; readonly version: string };
  /** Whether it answers without a password. */
  readonly isOpen?: boolean;
  /** Why it refuses writes; absent: no reason is known. */
  readonly refusesWrites?: 'a replica' | 'its snapshot failed' | 'its append file failed';
  readonly persists?: boolean;
  /** Bytes; 0: no limit. */
  readonly maxMemory?: number;
  readonly usedMemory?: number;
  readonly evictionPolicy?: string;
  /** How far its clock is ahead of this machine's, in milliseconds. */
  readonly clockAheadMs?: number;
  /** Of the scanned keys, those without an expiry, by kind. */
  readonly withoutExpiry?: readonly { readonly kind: string; readonly count: number }[];
}

export interface Network {
  /** Addresses and ports of this machine, other than loopback, at which the app answered. */
  readonly appAt: readonly string[];
  readonly opsAt: readonly string[];
  /** Where something answered that may or may not be the app. */
  readonly unclearAt: { readonly app: readonly string[]; readonly ops: readonly string[] };
}

export interface OutsideAnswer {
  readonly status: number;
  readonly location: string | undefined;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly cookies: readonly OutsideCookie[];
  /** Whether the app itself answered: its content security policy has a nonce, which no gate adds. */
  readonly fromApp: boolean;
  /** Whether the body offers the gate's sign-in. */
  readonly isGatePage: boolean;
  /** Whether the body contains the made-up person of the probe. */
  readonly namesProbe: boolean;
  /** Whether the body looks like an internal file or metrics. */
  readonly leaks: boolean;
  readonly healthy: boolean;
}

/** A cookie as it was set, without its value. */
export interface OutsideCookie {
  readonly name: string;
  readonly secure: boolean;
  readonly httpOnly: boolean;
  readonly sameSite: string | undefined;
  readonly path: string | undefined;
  readonly domain: string | undefined;
}

export const outsideProbes = [
  'landing',
  'dashboard',
  'api',
  'health',
  'forgedPublic',
  'forgedMember',
  'forgedUri',
  'metrics',
  'envFile',
  'gitHead',
] as const;
export type OutsideProbe = (typeof outsideProbes)[number];

export interface OutsideView {
  readonly url: string;
  /** The error's code if nothing answered. */
  readonly unreachable?: string;
  /** Why the certificate is not trusted. */
  readonly certificateFault?: string;
  /** When the certificate expires; undefined over plain http. */
  readonly certificateEndsAt?: number;
  /** How far its clock is ahead of this machine's, by its Date header, in milliseconds. */
  readonly clockAheadMs?: number;
  /** undefined: that request failed. */
  readonly answers: Readonly<Partial<Record<OutsideProbe, OutsideAnswer>>>;
}

export interface Software {
  readonly node: string;
  readonly gate: Known<{ readonly version: string; readonly from: string }>;
  /** The installed version of each package, and the version in package-lock.json. */
  readonly packages: Known<
    readonly { readonly name: string; readonly installed: string; readonly locked: string }[]
  >;
}

/** How much of the running server's store is used, and how fast it grows. */
export interface RoomFact {
  readonly usedBytes: number;
  readonly mostBytes?: number;
  readonly bytesADay?: number;
  readonly daysLeft?: number;
}

/** Whether the running server trusts its clock. */
export interface RetentionFact {
  /** Why retention is suspended; absent: the server trusts the clock. */
  readonly doubt?: 'ahead' | 'behind' | 'redis';
}

export interface Deployment {
  /** When the facts were gathered. Milliseconds. */
  readonly at: number;
  /** `compose`: containers of docker-compose.yml; `itself`: programs on this machine. */
  readonly runBy: 'compose' | 'itself';
  readonly inContainer: boolean;
  readonly problems: readonly Problem[];
  /** Names in `.env` that look like a misspelt setting. */
  readonly misspelt: readonly Problem[];
  readonly config: Known<VisibleConfig>;
  /** Why the app or the gate may run with other settings than those that were read; undefined: no reason. */
  readonly doubts: { readonly config: string | undefined; readonly gate: string | undefined };
  readonly secrets: readonly SecretFact[];
  readonly gate: Known<GateSettings>;
  readonly compose: Known<ComposeFile>;
  readonly files: Known<Files>;
  readonly redis: Known<readonly RedisFact[]>;
  readonly network: Known<Network>;
  readonly live: Known<OutsideView>;
  readonly retention: Known<RetentionFact>;
  readonly room: Known<RoomFact>;
  readonly software: Software;
}
