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

/** The guard's settings and its apps file. */
export interface GuardFacts {
  readonly listen:
    | { readonly kind: 'port'; readonly host: string; readonly port: number }
    /** The folder of the socket; `mode` undefined: it does not exist yet, or the system has no permissions. */
    | { readonly kind: 'socket'; readonly folder: FileFact };
  /** undefined: there is no such file. */
  readonly appsFile: FileFact | undefined;
  /** The path that APPS_FILE names. */
  readonly appsPath: string;
  /** What is wrong with the apps file, each a sentence. */
  readonly faults: readonly string[];
  /** Empty if the file has a mistake. */
  readonly apps: readonly GuardedAppFact[];
}

export interface GuardedAppFact {
  readonly name: string;
  /** Without its port. */
  readonly host: string;
  /** Of listed people who may use the app, the parts before the `@` that two of them share, if the app is told only those. */
  readonly sharedNames: readonly string[];
  /** Whether the app is told only the part before the `@`. */
  readonly isToldNames: boolean;
}

/** Requests to an app without a sign-in. Those with `forged` in their name carry headers that only the front may set. */
export const appRequests = [
  'page',
  'fetch',
  'post',
  'socket',
  'otherSite',
  'forgedUri',
  'forgedKey',
  'forgedIdentity',
] as const;
export type AppRequest = (typeof appRequests)[number];

export interface AppAnswer {
  /** The request in words, like `a POST`. */
  readonly asked: string;
  readonly status: number;
  /** `desk`: to the desk's page for this app. `away`: elsewhere. undefined: there is none. */
  readonly leads: 'desk' | 'away' | undefined;
  /** The address in the app to which the desk would lead back; undefined: the answer does not name one. */
  readonly back: string | undefined;
  readonly noStore: boolean;
  /** Names of headers that only the front may see. */
  readonly tells: readonly string[];
  /** Whether the body or the policy is that of a page of the desk, or of oauth2-proxy's sign-in. */
  readonly fromDesk: boolean;
  readonly cookies: readonly OutsideCookie[];
}

/** What the guard says that the front passed on to it. */
export interface FrontFacts {
  /** The path and query that was asked for. */
  readonly asked: string;
  readonly keys: number;
  /** The app whose key the front presents. */
  readonly keyOf?: string;
  readonly method: readonly string[];
  readonly uri: readonly string[];
  readonly host: readonly string[];
  readonly address: readonly string[];
  /** A digest of the apps file in force. */
  readonly rules: string;
}

/** What arrives at the app itself, as far as its own answers show it. */
export interface AppEcho {
  /** Whether an answer shows a header that nothing removes, so that one that was removed can be told from one that is not shown. */
  readonly showsHeaders: boolean;
  readonly showsCookies: boolean;
  /** Names of headers and cookies that the client made up, and that arrived. */
  readonly identities: readonly string[];
  readonly addresses: readonly string[];
  readonly cookies: readonly string[];
  /** Whether an answer contains the app's key. */
  readonly showsKey: boolean;
  /** Why nothing was seen; undefined: at least one path answered without a sign-in. */
  readonly unseen?: string;
}

export interface AppView {
  readonly name: string;
  readonly origin: string;
  /** Where it was asked: the origin, or another address of the same host. */
  readonly at: string;
  readonly unreachable?: string;
  readonly certificateFault?: string;
  /** The path and query of `page`, which the desk must know. */
  readonly path: string;
  /** undefined: that request got no answer. */
  readonly answers: Readonly<Partial<Record<AppRequest, AppAnswer>>>;
  /** Paths near a public one that a server could read as public. undefined: no answer. */
  readonly oddPaths: readonly (AppAnswer | undefined)[];
  readonly deskPaths: readonly (AppAnswer | undefined)[];
  readonly echo: AppEcho;
  /** What the guard says about a plain question and about one with forged headers. */
  readonly front: Known<FrontFacts>;
  readonly forgedFront: Known<FrontFacts>;
  /** What forged headers contain. */
  readonly forged: string;
  /** For each other app, whose key the front presents there. */
  readonly others: readonly { readonly name: string; readonly keyOf: string | undefined }[];
  /** Other apps at whose address no guard answered. */
  readonly silentOthers: readonly string[];
  /** Whether the guard answers at the desk's public address. */
  readonly guardAtDesk: Known<boolean>;
  /** Digests of the rules that the replicas which answered have in force, and of the file here. */
  readonly rules: readonly string[];
  readonly ownRules: string;
  /** Addresses at which something answered without the front, and all that were tried. */
  readonly direct: Known<{ readonly open: readonly string[]; readonly tried: readonly string[] }>;
  /** What plain http answers: `refused`: no connection. */
  readonly plain: Known<'refused' | 'to https' | 'open'>;
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
  readonly guard: Known<GuardFacts>;
  /** An app behind the guard, as it looks from outside. */
  readonly app: Known<AppView>;
  readonly software: Software;
}
