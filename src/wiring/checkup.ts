// The routes of the check-up page: it inspects the deployment from inside the running server.
import type { Config } from '../config/derive.ts';
import type { RetentionFact, RoomFact } from '../doctor/deployment.ts';
import { checkupRoutes, createCheckup } from '../doctor/pages.ts';
import { type BoundRoute, bindRoutes } from '../http/routes.ts';
import { lookFromInside } from './doctor.ts';

export interface CheckupParts {
  /** The settings that the server runs with now. */
  readonly config: () => Config;
  readonly now: () => number;
  /** Whether the server trusts its clock; absent: it has no clock for retention. */
  readonly retention?: () => RetentionFact;
  /** How full its storage is; absent: not known. */
  readonly room?: () => Promise<RoomFact | undefined>;
}

export function bindCheckup({ config, now, retention, room }: CheckupParts): BoundRoute[] {
  const look = () => lookFromInside(config(), now, retention, room);
  return bindRoutes(checkupRoutes, createCheckup({ look, now }));
}
