// Prints a self-contained file to PDF with a Chromium that has no network and sees no secrets; the file's policy allows no script.
import { spawn } from 'node:child_process';
import {
  accessSync,
  constants,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';

export const howToGetBrowser =
  'Install Chromium (Debian, Ubuntu: `apt install chromium`; macOS: `brew install --cask chromium`) or set CHROMIUM_BIN to its program.';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'];
const folders = [
  '/usr/bin',
  '/usr/local/bin',
  '/opt/homebrew/bin',
  '/Applications/Chromium.app/Contents/MacOS',
  '/Applications/Google Chrome.app/Contents/MacOS',
];

/** The path of a Chromium; undefined: there is none. */
export function findBrowser(
  env: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined {
  const chosen = env['CHROMIUM_BIN'];
  if (chosen) return isProgram(chosen) ? chosen : undefined;
  const places = [...(env['PATH'] ?? '').split(delimiter).filter(Boolean), ...folders];
  return [...names, 'Chromium', 'Google Chrome']
    .flatMap((name) => places.map((place) => join(place, name)))
    .find(isProgram);
}

const limitMs = 60_000;
const workPrefix = '.pdf-';
/** An older folder is no longer in use. */
const leftAfterMs = 10 * limitMs;

export type Printed = { readonly pdf: Buffer } | { readonly fault: 'timeout' | 'failed' };

/**
 * @param html one self-contained file
 * @param folder where a temporary working folder is created; it is removed afterwards
 */
export async function printPdf(browser: string, html: string, folder: string): Promise<Printed> {
  removeLeft(folder);
  const work = mkdtempSync(join(folder, workPrefix));
  try {
    const [page, out] = [join(work, 'page.html'), join(work, 'page.pdf')];
    writeFileSync(page, html, { mode: 0o600 });
    const fault = await run(
      browser,
      [...flagsOf(work), `--print-to-pdf=${out}`, pathToFileURL(page).href],
      work,
    );
    return fault ? { fault } : { pdf: readFileSync(out) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { fault: 'failed' };
    throw error;
  } finally {
    rmSync(work, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Removes what a killed process left behind. */
function removeLeft(folder: string): void {
  for (const name of readdirSync(folder).filter((entry) => entry.startsWith(workPrefix))) {
    const path = join(folder, name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory() && Date.now() - found.mtimeMs > leftAfterMs)
      rmSync(path, { recursive: true, force: true });
  }
}

function flagsOf(work: string): string[] {
  return [
    '--headless',
    '--no-pdf-header-footer',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--no-first-run',
    '--no-default-browser-check',
    '--disable-extensions',
    '--disable-sync',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-quic',
    // No name resolves, and every connection to an address goes to a proxy that does not exist.
    '--host-resolver-rules=MAP * ~NOTFOUND',
    '--proxy-server=127.0.0.1:9',
    '--proxy-bypass-list=<-loopback>',
    `--user-data-dir=${join(work, 'profile')}`,
    // Chromium refuses to start as root with its sandbox on.
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  ];
}

function run(
  browser: string,
  args: readonly string[],
  work: string,
): Promise<'timeout' | 'failed' | undefined> {
  return new Promise((settle) => {
    // A fresh environment: ours holds secrets. Its own process group, so that its children end with it.
    const child = spawn(browser, args, {
      cwd: work,
      env: { PATH: process.env['PATH'] ?? '', HOME: work, TMPDIR: work, LANG: 'C.UTF-8' },
      stdio: 'ignore',
      detached: true,
    });
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      endGroup(child.pid);
    }, limitMs);
    child.on('error', () => {
      clearTimeout(timer);
      settle('failed');
    });
    child.on('exit', (code) => {
      clearTimeout(timer);
      endGroup(child.pid);
      settle(late ? 'timeout' : code === 0 ? undefined : 'failed');
    });
  });
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
