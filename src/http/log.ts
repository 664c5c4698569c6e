// Structured logs. Every logged field is chosen explicitly, so no header, query or cookie can get in (invariant 10).
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHandler } from 'express';
import { type DestinationStream, type Logger, pino } from 'pino';
import { pinoHttp } from 'pino-http';
import { randomName } from '../crypto/tokens.ts';
import { faultIn } from './known-fault.ts';

export type { Logger } from 'pino';

/** JSON lines with UTC times to standard output, or to `destination`. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    // pino would copy the message of whatever is under its error key into `msg`; ours is under `err`.
    errorKey: 'error',
    serializers: { err: serializeError, error: serializeError },
  };
  return destination ? pino(options, destination) : pino(options);
}

/** Gives each request an id and logs its end: errors as errors, refusals as warnings, the rest at `debug`. */
export function requestLog(logger: Logger): RequestHandler {
  return pinoHttp({
    logger,
    quietReqLogger: true,
    genReqId: randomName,
    customLogLevel: (_req, res, error) => {
      if (error || res.statusCode >= 500) return 'error';
      return res.statusCode >= 400 ? 'warn' : 'debug';
    },
    // An unexpected error has its own line with its stack; here it would be logged twice.
    customErrorObject: (_req, _res, _error, value: Record<string, unknown>) => ({ ...value, err: undefined }),
    serializers: {
      req: (req: { method: string; url: string }) => ({ method: req.method, path: pathOf(req.url) }),
      res: (res: { statusCode: number }) => ({ status: res.statusCode }),
    },
  }) as RequestHandler;
}

/** Logs the end of a request that was answered outside of `requestLog`, in the same form. @param startedAt by `performance.now()` */
export function logAnswered(
  logger: Logger,
  req: IncomingMessage & { id?: unknown },
  res: ServerResponse,
  startedAt: number,
): void {
  res.once('close', () => {
    const level = res.statusCode >= 500 ? 'error' : res.statusCode >= 400 ? 'warn' : 'debug';
    if (!logger.isLevelEnabled(level)) return;
    logger[level](
      {
        reqId: req.id ?? randomName(),
        req: { method: req.method, path: pathOf(req.url ?? '') },
        res: { status: res.statusCode },
        responseTime: Math.round(performance.now() - startedAt),
      },
      'request completed',
    );
  });
}

/** Only the path: a query can contain an authorization code or a token. */
function pathOf(url: string): string {
  return url.split('?', 1)[0]?.slice(0, 200) ?? '';
}

/** Messages of libraries can quote their input; type, code and stack frames cannot. */
function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { type: typeof error };
  const { name, code, cause } = error as Error & { code?: unknown; cause?: unknown };
  const fault = 'fault' in error ? faultIn(error) : undefined;
  return {
    type: name,
    ...(typeof code === 'string' && { code }),
    ...(fault && { fault }),
    frames: (error.stack ?? '')
      .split('\n')
      .filter((line) => line.startsWith('    at '))
      .slice(0, 6)
      .map((line) => line.trim()),
    ...(cause instanceof Error && { cause: serializeError(cause) }),
  };
}
