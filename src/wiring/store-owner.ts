// Whether a store belongs to this deployment, by the settings; and the sentence that says so.
import type { Config } from '../config/derive.ts';
import { auditKeyOf } from '../crypto/kdf.ts';
import type { Fault } from '../store/fault.ts';
import { type Deployment, judge, keyMarkOf, type Mark, readMark } from '../store/owner-mark.ts';
import { recordKeysOf } from './audit-log.ts';

/** @param text the mark that a store keeps. @returns why it is not this deployment's, in a sentence; undefined if it is */
export function whyForeign(config: Config, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const mark = readMark(text);
  const isOwn = mark && judge(mark, deploymentOf(config), false).kind === 'own';
  return isOwn ? undefined : sentenceOf(refusalOf(config, mark));
}

export function deploymentOf(config: Config): Deployment {
  const { secretKeys, isKeyMadeUp, publicOrigin } = config;
  const keys = isKeyMadeUp ? [] : secretKeys.map(auditKeyOf);
  const former = recordKeysOf(config).filter((key) => !keys.includes(key));
  return {
    keys: keys.map(keyMarkOf),
    formerKeys: isKeyMadeUp ? [] : former.map(keyMarkOf),
    publicUrl: publicOrigin,
  };
}

export function refusalOf({ store, isKeyMadeUp }: Config, mark: Mark | undefined): Fault {
  const place =
    store.kind === 'redis'
      ? `the Redis database of REDIS_URL, under ${store.prefix}`
      : `the file gatehouse.db in ${store.dataDir} (DATA_DIR)`;
  const whose = mark
    ? `another deployment: ${mark.publicUrl}, since ${mark.since}`
    : 'another deployment, whose mark this version cannot read';
  const own =
    store.kind === 'redis'
      ? 'REDIS_PREFIX=desk2: or another database number at the end of REDIS_URL'
      : 'another DATA_DIR';
  const lost = isKeyMadeUp
    ? 'DEV_MODE without SECRET_KEY uses a new key at each start; to use this store, set its SECRET_KEY'
    : 'If the store is its own and SECRET_KEY was replaced: add the former key to SECRET_KEY_FALLBACKS; if that is lost, run `gatehouse store take-over --yes`';
  return {
    code: 'OTHER_DEPLOYMENT',
    meaning: `${place}, belongs to ${whose}. Two deployments in one store would end each other’s sessions`,
    mend: `Give this deployment its own: ${own}. ${lost}`,
  };
}

export const sentenceOf = ({ meaning, mend }: Fault) => `${meaning}. ${mend}.`;
