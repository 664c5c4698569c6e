// A Chromium that reports everything it tries to load: by its own events, and through a server that `evil.test` resolves to.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { mustHave } from './requirement.ts';

export interface WatchedBrowser {
  context(headers?: Record<string, string>): Promise<WatchedContext>;
  /** What reached the server that `evil.test` resolves to. */
  readonly arrived: string[];
  close(): Promise<void>;
}

export interface WatchedContext {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Every address that was requested. */
  readonly asked: string[];
  /** Everything that ran: the sentinel, a dialog, a new window. */
  readonly ran: string[];
}

export async function watchedBrowser(): Promise<WatchedBrowser> {
  const arrived: string[] = [];
  const server = createServer((req, res) => {
    arrived.push(`${req.method} ${req.headers.host}${req.url}`);
    res.setHeader('Access-Control-Allow-Origin', '*');
    res.end('');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const browser = await chromium.launch({
    executablePath: await mustHave('chromium'),
    args: [
      '--no-sandbox',
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--disable-quic',
      // Otherwise Chromium would not let a page without an address reach a server on this machine.
      '--disable-features=LocalNetworkAccessChecks,PrivateNetworkAccessSendPreflights,BlockInsecurePrivateNetworkRequests',
      `--host-resolver-rules=MAP evil.test 127.0.0.1:${port}`,
    ],
  });
  return {
    arrived,
    async context(headers = {}) {
      const context = await browser.newContext({ extraHTTPHeaders: headers, ignoreHTTPSErrors: true });
      const [asked, ran]: [string[], string[]] = [[], []];
      await context.exposeFunction('SENTINEL', () => void ran.push('sentinel'));
      context.on('request', (request) => asked.push(request.url()));
      const page = await context.newPage();
      page.on('dialog', (dialog) => {
        ran.push('dialog');
        void dialog.dismiss();
      });
      context.on('page', () => ran.push('window'));
      return { context, page, asked, ran };
    },
    async close() {
      await browser.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
