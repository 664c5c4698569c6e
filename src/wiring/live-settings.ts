// The settings of a running server, and SIGHUP: new secrets take effect immediately and together; settings with a fault change nothing.
import type { Recorder } from '../audit/recorder.ts';
import type { Config } from '../config/derive.ts';
import { formatProblems, type LoadResult } from '../config/load.ts';
import type { Problem } from '../config/setting.ts';
import { type SettingName, type SettingValues, settingNames } from '../config/settings.ts';
import { createKeyring, type Keyring } from '../crypto/keyring.ts';
import type { Logger } from '../http/log.ts';
import { createKeyChanges } from '../keys/changes.ts';
import { createKeyDates, type KeyDates } from '../keys/dates.ts';
import { createReplicas } from '../keys/replicas.ts';
import { createSigning } from '../keys/signing.ts';
import type { NoteTable, Store } from '../store/contract.ts';

/** Code that must follow a reload calls `config()` each time; the keyring and the set of operators in it change in place. */
export interface LiveSettings {
  config(): Config;
  /** As they were set; undefined if only the configuration is known. */
  values(): SettingValues | undefined;
  readonly keyring: Keyring;
  readonly dates: KeyDates;
  /** Applies what may change while the server runs, except the keyring. @returns the names of those that differ and need a restart */
  takeOver(loaded: Loaded): readonly SettingName[];
}

export interface Loaded {
  readonly config: Config;
  readonly values?: SettingValues;
  /** Warnings to log at start-up. */
  readonly warnings?: readonly Problem[];
}

export interface LiveSettingsOptions {
  readonly loaded: Loaded;
  readonly notes: NoteTable;
  readonly logger: Logger;
  readonly now: () => number;
}

/** The app only displays the last two; oauth2-proxy enforces them. */
const followed: ReadonlySet<SettingName> = new Set<SettingName>([
  'SECRET_KEY',
  'SECRET_KEY_FALLBACKS',
  'GATE_SECRET',
  'GATE_SECRET_FALLBACKS',
  'ADMIN_EMAILS',
  'AUDIT_KEY_FALLBACKS',
  'VAULT_PASSPHRASE',
  'SECRET_DATES',
  'SECRET_MAX_AGE_DAYS',
  'OAUTH2_PROXY_COOKIE_SECRET',
  'OAUTH2_PROXY_CLIENT_SECRET',
]);

export function createLiveSettings({ loaded, notes, logger, now }: LiveSettingsOptions): LiveSettings {
  let { values } = loaded;
  const operators = new Set(loaded.config.gate.operators);
  let config: Config = { ...loaded.config, gate: { ...loaded.config.gate, operators } };
  const dates = createKeyDates(notes, now, logger);
  return {
    config: () => config,
    values: () => values,
    keyring: createKeyring(config.secretKeys, dates.noteUse),
    dates,
    takeOver(next) {
      const fresh = next.config;
      config = {
        ...config,
        secretKeys: fresh.secretKeys,
        secretDates: fresh.secretDates,
        secretMaxAgeMs: fresh.secretMaxAgeMs,
        audit: { ...config.audit, formerKeys: fresh.audit.formerKeys },
        vault: { ...config.vault, passphrase: fresh.vault.passphrase },
        gate: { ...config.gate, secrets: fresh.gate.secrets, operators },
      };
      operators.clear();
      for (const email of fresh.gate.operators) operators.add(email);
      const before = values;
      if (!before || !next.values) return [];
      const after = next.values;
      values = { ...before, ...Object.fromEntries([...followed].map((name) => [name, after[name]])) };
      return settingNames.filter((name) => !followed.has(name) && isOther(before[name], after[name]));
    },
  };
}

const meaning = 'the environment has other values, which override .env';

export interface ExchangeOptions {
  readonly liveSettings: LiveSettings;
  /** Reads the settings again, as at start-up. */
  readonly load: () => LoadResult;
  /** Warnings about the settings at start-up. */
  readonly warnings?: readonly Problem[] | undefined;
  readonly store: Store;
  readonly recorder: Recorder;
  readonly logger: Logger;
  readonly now: () => number;
}

/** The running server's part in rotating secrets: none of it throws, neither for an outage nor for faulty settings. */
export interface Exchange {
  /** Call before listening: agrees with the other servers which of the keys may sign. */
  start(): Promise<void>;
  /** What SIGHUP does; calls run one after the other. */
  reload(): Promise<void>;
  stop(): Promise<void>;
}

export function createExchange(options: ExchangeOptions): Exchange {
  const { liveSettings, load, store, recorder, logger, now } = options;
  const { notes, facts } = store;
  const { keyring, dates } = liveSettings;
  const replicas = createReplicas({ facts, now });
  const signing = createSigning({ keyring, replicas, dates, logger });
  const tellChanges = createKeyChanges({ notes, dates, recorder, logger, now });
  let last = Promise.resolve();
  let isStopping = false;

  function tell(warnings: readonly Problem[]): void {
    if (warnings.length > 0)
      logger.warn({ event: 'settings.doubtful', problems: formatProblems(warnings).split('\n') });
  }

  async function reload(): Promise<void> {
    if (isStopping) return;
    const loaded = load();
    tell(loaded.warnings);
    if ('problems' in loaded) {
      const problems = formatProblems(loaded.problems).split('\n');
      logger.error({ event: 'settings.refused', problems, meaning: 'the previous settings stay in use' });
      return;
    }
    if (loaded.config.devMode || liveSettings.config().devMode) {
      logger.warn({ event: 'settings.refused', meaning: 'DEV_MODE reads settings only at start' });
      return;
    }
    const settings = liveSettings.takeOver(loaded);
    await signing.replace(loaded.config.secretKeys);
    await tellChanges(liveSettings.config());
    logger.info({ event: 'settings.reloaded' });
    const overruled = loaded.overruled.filter((name) => followed.has(name));
    if (overruled.length > 0) logger.warn({ event: 'settings.overruled', settings: overruled, meaning });
    if (settings.length > 0) {
      logger.warn({
        event: 'settings.need_restart',
        settings,
        meaning: 'these were changed and need a restart',
      });
    }
  }

  return {
    async start() {
      tell(options.warnings ?? []);
      await signing.start();
      await tellChanges(liveSettings.config());
    },
    reload() {
      last = last
        .then(reload)
        .catch((error: unknown) => logger.error({ event: 'settings.not_reloaded', err: error }));
      return last;
    },
    stop() {
      isStopping = true;
      return signing.stop();
    },
  };
}

function isOther(before: unknown, after: unknown): boolean {
  return JSON.stringify(before) !== JSON.stringify(after);
}
