// Session binding: detects a change of browser, operating system or network (OWASP Cookie Theft Mitigation cheat sheet).
import type { Request } from 'express';
import type { SignIn } from '../../store/contract.ts';
import { networkOf } from '../../store/network.ts';
import { deviceOf } from './device.ts';

export interface Surroundings {
  readonly device: SignIn['device'];
  /** The full address. */
  readonly network: string;
}

export type Change = 'browser' | 'system' | 'network';

/** What differs. Compares the browser's family, not its version, and the network, not the address. */
export function changesBetween(before: Surroundings, now: Surroundings): Change[] {
  const changes: Change[] = [];
  if (before.device.browser !== now.device.browser) changes.push('browser');
  if (before.device.os !== now.device.os) changes.push('system');
  if (before.network !== now.network && networkOf(before.network) !== networkOf(now.network))
    changes.push('network');
  return changes;
}

/** The device and address that a request comes from. */
export function surroundingsOf(req: Request): Surroundings {
  return { device: deviceOf(req.headers['user-agent']), network: req.ip ?? '' };
}
