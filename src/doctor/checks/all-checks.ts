// The table of all checks, in the order of the report. docs/checks.md is generated from it.
import { accessChecks } from './access.ts';
import { advisoryChecks } from './advisories.ts';
import { appChecks } from './app.ts';
import { appFrontChecks } from './app-front.ts';
import type { Check } from './check.ts';
import { clockChecks } from './clocks.ts';
import { composeChecks } from './compose.ts';
import { cookieChecks } from './cookies.ts';
import { fileChecks } from './files.ts';
import { outsideChecks } from './from-outside.ts';
import { gateChecks } from './gate.ts';
import { gateHeaderChecks } from './gate-headers.ts';
import { gatePublicChecks } from './gate-public.ts';
import { gateSessionChecks } from './gate-sessions.ts';
import { guardChecks } from './guard.ts';
import { lifetimeChecks } from './lifetimes.ts';
import { networkChecks } from './network.ts';
import { redisChecks } from './redis.ts';
import { secretChecks } from './secrets.ts';
import { settingsChecks } from './settings.ts';
import { storageChecks } from './storage.ts';
import { versionChecks } from './versions.ts';

export const checks: readonly Check[] = [
  ...settingsChecks,
  ...secretChecks,
  ...cookieChecks,
  ...gateSessionChecks,
  ...lifetimeChecks,
  ...gateChecks,
  ...gatePublicChecks,
  ...gateHeaderChecks,
  ...accessChecks,
  ...redisChecks,
  ...networkChecks,
  ...composeChecks,
  ...clockChecks,
  ...fileChecks,
  ...storageChecks,
  ...advisoryChecks,
  ...versionChecks,
  ...outsideChecks,
  ...guardChecks,
  ...appChecks,
  ...appFrontChecks,
];
