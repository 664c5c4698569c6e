// One step on the spot: a click from another site comes without a SameSite=Strict cookie, so the browser is asked to
// come again from here, with it. Otherwise every such click would begin one more session.
import type { Request, Response } from 'express';
import { bounce } from '../../../views/bounce.ts';
import { pageFrame, sendPage } from '../../http/page.ts';

export function sendBounce(req: Request, res: Response): void {
  res.setHeader('Cache-Control', 'no-store');
  sendPage(res, bounce(pageFrame(req, res)));
}
