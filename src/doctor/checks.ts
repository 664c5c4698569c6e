// The one table of checks, in the order of the report. docs/checks.md is made from it.
import type { Check } from './check.ts';
import { accessChecks } from './checks-access.ts';
import { advisoryChecks } from './checks-advisories.ts';
import { cookieChecks } from './checks-cookies.ts';
import { fileChecks } from './checks-files.ts';
import { gateChecks } from './checks-gate.ts';
import { lifetimeChecks } from './checks-lifetimes.ts';
import { liveChecks } from './checks-live.ts';
import { networkChecks } from './checks-network.ts';
import { redisChecks } from './checks-redis.ts';
import { roomChecks } from './checks-room.ts';
import { secretChecks } from './checks-secrets.ts';
import { settingsChecks } from './checks-settings.ts';
import { versionChecks } from './checks-versions.ts';

export const checks: readonly Check[] = [
  ...settingsChecks,
  ...secretChecks,
  ...cookieChecks,
  ...lifetimeChecks,
  ...gateChecks,
  ...accessChecks,
  ...redisChecks,
  ...networkChecks,
  ...fileChecks,
  ...roomChecks,
  ...advisoryChecks,
  ...versionChecks,
  ...liveChecks,
];
