// An Express app with the settings that every one here has.
import express, { type Express } from 'express';

/** @param trustedHops number of proxies in front whose word about the client address is trusted */
export function createExpress(trustedHops: number): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', trustedHops);
  app.set('query parser', 'simple');
  app.enable('case sensitive routing');
  app.enable('strict routing');
  return app;
}
