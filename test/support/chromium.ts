// The system's Chromium, headless, for whole-program tests.
import { type Browser, chromium } from 'playwright-core';
import { mustHave } from './requirement.ts';

export async function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: await mustHave('chromium'),
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-background-networking', '--disable-quic'],
  });
}
