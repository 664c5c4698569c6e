// The network of a request and its id in the log, for every event about a request.
import type { Request } from 'express';

export function requestFacts(req: Request): { readonly network?: string; readonly requestId?: string } {
  return {
    ...(req.ip !== undefined && { network: req.ip }),
    ...(typeof req.id === 'string' && { requestId: req.id }),
  };
}
