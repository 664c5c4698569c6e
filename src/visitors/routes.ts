// The public routes: the only ones that the gate serves without a sign-in.
import type { RequestHandler } from 'express';
import type { StoredItem } from '../../views/privacy-notice.ts';
import { readBody } from '../http/body.ts';
import type { Route } from '../http/routes.ts';
import {
  type LandingOptions,
  landingPage,
  meetVisitor,
  privacyNoticePage,
  saveChoices,
  signedOutPage,
} from './public-pages.ts';

export interface PublicRouteOptions extends LandingOptions {
  readonly limitChanges: RequestHandler;
  readonly storedItems: readonly StoredItem[];
}

export const publicRoutes: readonly Route<PublicRouteOptions>[] = [
  {
    method: 'GET',
    path: '/',
    who: 'public',
    does: 'the landing page',
    handler: (options) => [meetVisitor(options.visitors), landingPage(options)],
  },
  {
    method: 'POST',
    path: '/',
    who: 'public',
    does: 'keeps the look that a visitor chose',
    handler: ({ visitors, limitChanges }) => [limitChanges, ...readBody(), saveChoices(visitors)],
  },
  {
    method: 'GET',
    path: '/signed-out',
    who: 'public',
    does: 'what a signed-out browser sees',
    handler: ({ visitors }) => [meetVisitor(visitors), signedOutPage],
  },
  {
    method: 'GET',
    path: '/privacy-notice',
    who: 'public',
    does: 'what is kept about people, and for how long',
    handler: ({ visitors, consent, storedItems }) => [
      meetVisitor(visitors),
      privacyNoticePage(consent, storedItems),
    ],
  },
];

export interface BasicRouteOptions {
  readonly serveAsset: RequestHandler;
}

/** Mounted before the limits and everything else: health checks and static assets. */
export const basicRoutes: readonly Route<BasicRouteOptions>[] = [
  {
    method: 'GET',
    path: '/health',
    who: 'public',
    does: 'whether the server answers',
    handler: () => (_req, res) => void res.json({ status: 'healthy' }),
  },
  {
    method: 'GET',
    path: '/assets/*path',
    who: 'public',
    does: 'style sheets, scripts and icons',
    // No path segment may start with a dot: `/assets/..%2fdashboard` is not an asset.
    gatePattern: '^/assets(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$',
    handler: ({ serveAsset }) => serveAsset,
  },
];
