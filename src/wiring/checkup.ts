// The check-up's routes: a look from inside the running server.
import type { Config } from '../config/derive.ts';
import type { RetentionFact, RoomFact } from '../doctor/deployment.ts';
import { checkupRoutes, createCheckup } from '../doctor/pages.ts';
import { type BoundRoute, bindRoutes } from '../http/routes.ts';
import { lookFromInside } from './doctor.ts';

export interface CheckupParts {
  /** What the server runs with now. */
  readonly config: () => Config;
  readonly now: () => number;
  /** What the server makes of its clock; absent: it has none of its own for retention. */
  readonly retention?: () => RetentionFact;
  /** How its store fills up; absent: nobody asks. */
  readonly room?: () => Promise<RoomFact | undefined>;
}

export function bindCheckup({ config, now, retention, room }: CheckupParts): BoundRoute[] {
  const look = () => lookFromInside(config(), now, retention, room);
  return bindRoutes(checkupRoutes, createCheckup({ look, now }));
}
