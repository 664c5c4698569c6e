// Gathers what the check-up judges, for the server's page and for `gatehouse doctor`, with validators of secrets and the reader of the
// allow-list, which belong to other features.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readList } from '../access/reader.ts';
import type { Config } from '../config/derive.ts';
import { isPlaceholder } from '../config/secret-strength.ts';
import { fingerprint } from '../crypto/tokens.ts';
import type { Deployment, RetentionFact, RoomFact } from '../doctor/deployment.ts';
import type { AppPlaces } from '../doctor/look/app.ts';
import { type GatherOptions, gather } from '../doctor/look/gather.ts';
import { faultOf, secretKinds } from '../secrets/kinds.ts';
import { appsSeen, lookAtAppNamed } from './doctor-app.ts';

const programFolder = join(import.meta.dirname, '../..');
const patienceMs = { terminal: 20_000, page: 4_500 } as const;

const words = {
  placeholder: 'is a placeholder',
  'too short or not random': 'is too short or not random',
  'wrong form': 'has a form that cannot be used',
} as const;

/** Inspects the deployment in this folder. */
export function lookFromTerminal({
  url,
  runBy,
  app,
}: {
  readonly url: string | undefined;
  readonly runBy: Deployment['runBy'] | undefined;
  /** An app behind the guard to look at. */
  readonly app?: { readonly name: string; readonly places: AppPlaces } | undefined;
}): Promise<Deployment> {
  return gather({
    ...shared(Date.now),
    patienceMs: patienceMs.terminal,
    ...(url !== undefined && { url }),
    ...(runBy !== undefined && { runBy }),
    ...(app && { lookAtApp: lookAtAppNamed(app.name, app.places, Date.now) }),
  });
}

/** Inspects what this process runs with: `config` is its own, not what `.env` may say by now. */
export function lookFromInside(
  config: Config,
  now: () => number,
  retention?: () => RetentionFact,
  room?: () => Promise<RoomFact | undefined>,
): Promise<Deployment> {
  const inside = { patienceMs: patienceMs.page, runBy: 'itself', config } as const;
  return gather({ ...shared(now), ...inside, ...(retention && { retention }), ...(room && { room }) });
}

function shared(now: () => number): Omit<GatherOptions, 'patienceMs'> {
  return {
    folder: process.cwd(),
    programFolder,
    env: process.env,
    validators: { fingerprint, faultOf: fault },
    addressesIn,
    appsIn: appsSeen(now),
    now,
  };
}

function fault(name: string, value: string): string | undefined {
  const kind = secretKinds.find((one) => one.name === name);
  if (!kind) return isPlaceholder(value) ? words.placeholder : undefined;
  const found = faultOf(kind, value);
  return found && words[found];
}

function addressesIn(path: string): readonly string[] {
  const reading = readList(readFileSync(path, 'utf8'));
  if (reading.kind === 'broken') throw new Error('the list cannot be read');
  return reading.records.map(({ address }) => address).filter((address) => address.includes('@'));
}
