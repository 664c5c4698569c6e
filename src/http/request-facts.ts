// Where a request came from and how the log names it: what every event about a request carries.
import type { Request } from 'express';

export function requestFacts(req: Request): { readonly network?: string; readonly requestId?: string } {
  return {
    ...(req.ip !== undefined && { network: req.ip }),
    ...(typeof req.id === 'string' && { requestId: req.id }),
  };
}
