// The system's Chromium, headless, for whole-program tests.
import { type Browser, chromium } from 'playwright-core';
import { mustHave } from './requirement.ts';

/** @param hosts the names that lead to this machine, like `*.guard.test` */
export async function launchChromium(hosts?: string): Promise<Browser> {
  return chromium.launch({
    executablePath: await mustHave('chromium'),
    args: [
      ...['--no-sandbox', '--disable-dev-shm-usage', '--disable-background-networking', '--disable-quic'],
      ...(hosts === undefined ? [] : [`--host-resolver-rules=MAP ${hosts} 127.0.0.1`]),
    ],
  });
}
