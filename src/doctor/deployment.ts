// What the check-up knows about a deployment: gathered facts, no secret among them, so that no check can tell one.
import type { Config } from '../config/derive.ts';
import type { Problem } from '../config/setting.ts';
import type { ComposeFile } from './read/compose-file.ts';
import type { GateSettings } from './read/gate-settings.ts';

/**
 * A fact, or why it is not known: the end of "Not checked: …".
 * `unread`: it is there and could not be read, which is never the same as nothing to see.
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
  /** Where the app believes that oauth2-proxy keeps its sessions. */
  readonly gateSessions: 'cookie' | 'redis';
  /** Where the app looks for them, without user and password; undefined where it is the cookie. */
  readonly gateRedis: string | undefined;
  readonly store: 'sqlite' | 'redis';
  /** undefined: nobody is told. */
  readonly webhook: 'http' | 'https' | undefined;
  readonly confluenceIsPlain: boolean;
}

/** One secret, without its value. */
export interface SecretFact {
  readonly name: string;
  readonly isSet: boolean;
  /** Why it is unfit; absent: nothing speaks against it. */
  readonly fault?: string;
  /** Equal for equal values. Never shown: that of a weak secret could be guessed from. */
  readonly fingerprint: string;
  /** When it was made; absent: nobody wrote it down. */
  readonly madeAt?: number;
  /** How many former ones are still accepted. */
  readonly fallbacks: number;
}

export interface FileFact {
  readonly path: string;
  /** Permission bits; undefined where the system has none. */
  readonly mode: number | undefined;
}

export interface Files {
  readonly env: Known<FileFact>;
  readonly git: Known<{
    readonly tracked: boolean;
    readonly trackedCopies: readonly string[];
  }>;
  /** Whether git is told to leave `.env` alone. */
  readonly gitIgnores: Known<boolean>;
  /** Copies of `.env` beside it. */
  readonly envCopies: readonly FileFact[];
  readonly data: Known<FileFact & { readonly openFiles: readonly string[] }>;
  readonly auditLog: Known<{ readonly path: string; readonly writable: boolean }>;
  readonly emails: Known<FileFact & { readonly addresses: readonly string[] }>;
  /** What decides about security and anyone on the machine may write. */
  readonly openToAll: Known<readonly string[]>;
  /** What this user cannot write of the data folder. */
  readonly notWritable: Known<readonly string[]>;
  /** Bytes that are left where the data are. */
  readonly freeBytes: Known<number>;
  /** What the settings that end in _FILE name. */
  readonly secretFiles: Known<readonly FileFact[]>;
}

export interface RedisFact {
  readonly setting: 'REDIS_URL' | 'GATE_REDIS_URL';
  /** The error's code where it does not answer; everything below but `why` is undefined then. */
  readonly unreachable?: string;
  /** What that code means, and what to do. */
  readonly why?: string;
  /** What it refused of that which the app does: the command, the code, what it means and what to do; absent: nothing, or it was not tried. */
  readonly refused?: string;
  /** `standalone`, `cluster` or `sentinel`, as it says itself; absent: it does not say. */
  readonly mode?: string;
  /** Whether the URL is that of a cluster. */
  readonly isClusterUrl?: boolean;
  /** The version of Redis whose commands it has; Valkey tells one of these too. */
  readonly version?: string;
  /** What it is and its own version; absent: it does not tell. */
  readonly release?: { readonly software: 'Redis' | 'Valkey'; readonly version: string };
  /** Whether it answers without a password. */
  readonly isOpen?: boolean;
  /** Why it refuses what is to be written; absent: nothing speaks against it. */
  readonly refusesWrites?: 'a replica' | 'its snapshot failed' | 'its append file failed';
  readonly persists?: boolean;
  /** Bytes; 0: no limit. */
  readonly maxMemory?: number;
  readonly usedMemory?: number;
  readonly evictionPolicy?: string;
  /** How far its clock is ahead of this one, milliseconds. */
  readonly clockAheadMs?: number;
  /** Of the keys that were looked at, those that would stay for ever, by kind. */
  readonly withoutExpiry?: readonly { readonly kind: string; readonly count: number }[];
}

export interface Network {
  /** Addresses and ports of this machine, other than loopback, at which the app answered. */
  readonly appAt: readonly string[];
  readonly opsAt: readonly string[];
  /** Where something answered that cannot be told to be it, or not to be it. */
  readonly unclearAt: { readonly app: readonly string[]; readonly ops: readonly string[] };
}

export interface OutsideAnswer {
  readonly status: number;
  readonly location: string | undefined;
  /** Names in small letters. */
  readonly headers: ReadonlyMap<string, string>;
  readonly cookies: readonly OutsideCookie[];
  /** Whether the app itself answered: its policy with a nonce is there, which no gate adds. */
  readonly fromApp: boolean;
  /** Whether the text offers the gate's sign-in. */
  readonly isGatePage: boolean;
  /** Whether the made-up person of the probe stands in it. */
  readonly namesProbe: boolean;
  /** Whether the text looks like a file or a list of measures that must stay inside. */
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
  /** The error's code where nothing answered. */
  readonly unreachable?: string;
  /** Why the certificate is not trusted. */
  readonly certificateFault?: string;
  /** When the certificate ends; undefined over plain http. */
  readonly certificateEndsAt?: number;
  /** How far its clock is ahead of this one by its Date header, milliseconds. */
  readonly clockAheadMs?: number;
  /** undefined: that request failed. */
  readonly answers: Readonly<Partial<Record<OutsideProbe, OutsideAnswer>>>;
}

export interface Software {
  readonly node: string;
  readonly gate: Known<{ readonly version: string; readonly from: string }>;
  /** What is installed and what package-lock.json names. */
  readonly packages: Known<
    readonly { readonly name: string; readonly installed: string; readonly locked: string }[]
  >;
}

/** How the running server's store fills up. */
export interface RoomFact {
  readonly usedBytes: number;
  readonly mostBytes?: number;
  readonly bytesADay?: number;
  readonly daysLeft?: number;
}

/** What the running server makes of its clock. */
export interface RetentionFact {
  /** Why nothing is removed for its age at present; absent: the clock is believed. */
  readonly doubt?: 'ahead' | 'behind' | 'redis';
}

export interface Deployment {
  /** When it was looked at. */
  readonly at: number;
  /** Containers of docker-compose.yml, or programs on this machine. */
  readonly runBy: 'compose' | 'itself';
  readonly inContainer: boolean;
  readonly problems: readonly Problem[];
  /** Names in `.env` that look like a setting misspelt. */
  readonly misspelt: readonly Problem[];
  readonly config: Known<VisibleConfig>;
  /** Why the settings or the gate may run with something else than was read; undefined: they do not. */
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
