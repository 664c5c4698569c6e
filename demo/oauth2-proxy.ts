// Finds a suitable oauth2-proxy on this machine, or gets one: built by Go, or copied from the official image. Run directly, it does just
// that and prints the path.
import { type ExecFileOptions, execFile } from 'node:child_process';
import { accessSync, constants, mkdirSync, renameSync } from 'node:fs';
import { homedir, platform } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { isOlder } from '../src/doctor/checks/versions.ts';
import { versionOfGateBinary } from '../src/doctor/look/gate-binary.ts';

// Commands started here end with this process.
const leaving = new AbortController();
process.once('exit', () => leaving.abort());

function run(command: string, args: readonly string[], options: ExecFileOptions = {}) {
  const settings = { ...options, encoding: 'utf8', signal: leaving.signal } as const;
  return promisify(execFile)(command, args, settings);
}

const version = 'v7.15.6';
/** Earlier versions let requests bypass the sign-in (docs/checks.md, `gate.version`). */
const floor = '7.15.5';
/** A binary that OAUTH2_PROXY_BIN names may be older: the tests run with it too. Nothing older than this has been tried. */
const floorWhenChosen = '7.15.2';
const sourcePath = 'github.com/oauth2-proxy/oauth2-proxy/v7';
const image = `quay.io/oauth2-proxy/oauth2-proxy:${version}`;
const fileName = platform() === 'win32' ? 'oauth2-proxy.exe' : 'oauth2-proxy';

/** One line of instructions for people who have none. */
export const howToGetOauth2Proxy =
  `install Go (go.dev/dl), or download ${version} from github.com/oauth2-proxy/oauth2-proxy/releases ` +
  'and set OAUTH2_PROXY_BIN to the file';

/** The path of a suitable binary that is already here. @throws Error if OAUTH2_PROXY_BIN names an unsuitable one. */
export async function findOauth2Proxy(): Promise<string | undefined> {
  const chosen = process.env['OAUTH2_PROXY_BIN'];
  if (chosen) {
    if (await isFit(chosen, floorWhenChosen)) return chosen;
    throw new Error(`OAUTH2_PROXY_BIN is not an oauth2-proxy ${floorWhenChosen} or newer: ${chosen}`);
  }
  const goBin = process.env['GOBIN'] ?? join(process.env['GOPATH'] ?? join(homedir(), 'go'), 'bin');
  for (const folder of [...(process.env['PATH'] ?? '').split(delimiter), ...cacheFolders(), goBin]) {
    const path = join(folder, fileName);
    if (folder && isExecutable(path) && (await isFit(path))) return path;
  }
  return undefined;
}

/** Finds one, or gets one into the cache folder. @returns undefined if nothing works; `say` has reported why. */
export async function getOauth2Proxy(say: (line: string) => void): Promise<string | undefined> {
  const found = await findOauth2Proxy();
  if (found) return found;
  const [folder = '.cache'] = cacheFolders();
  mkdirSync(folder, { recursive: true });
  const target = join(folder, fileName);
  const draft = join(folder, `${process.pid}-${fileName}`);
  for (const [name, get] of [
    ['Go', build],
    ['Docker', takeFromImage],
  ] as const) {
    try {
      if (!(await get(draft, say))) continue;
      // Renamed when complete: another process may be looking for it at this moment.
      renameSync(draft, target);
      if (await isFit(target)) return target;
    } catch (error) {
      say(`Getting oauth2-proxy with ${name} failed: ${firstLine(error)}`);
    }
  }
  say(`There is no oauth2-proxy on this machine. To get one: ${howToGetOauth2Proxy}.`);
  return undefined;
}

async function isFit(path: string, atLeast = floor): Promise<boolean> {
  const found = await versionOfGateBinary(path);
  return found?.startsWith('7.') === true && !isOlder(found, atLeast);
}

async function build(target: string, say: (line: string) => void): Promise<boolean> {
  if (!(await works('go', ['version']))) return false;
  say(`Building oauth2-proxy ${version} with Go; the first time takes a minute or two …`);
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '' };
  // `go install …@version` asks for the list of versions, which some module proxies refuse; a download by version does not.
  const { stdout } = await run('go', ['mod', 'download', '-json', `${sourcePath}@${version}`], { env });
  const { Dir } = JSON.parse(stdout) as { Dir: string };
  const stamp = `-s -w -X ${sourcePath}/pkg/version.VERSION=${version}`;
  await run('go', ['build', '-trimpath', '-ldflags', stamp, '-o', target, '.'], { env, cwd: Dir });
  return true;
}

async function takeFromImage(target: string, say: (line: string) => void): Promise<boolean> {
  if (platform() !== 'linux' || !(await works('docker', ['info', '--format', '{{.ServerVersion}}'])))
    return false;
  say(`Taking oauth2-proxy out of its official image ${image} …`);
  const { stdout } = await run('docker', ['create', image]);
  const container = stdout.trim();
  try {
    await run('docker', ['cp', `${container}:/bin/oauth2-proxy`, target]);
  } finally {
    await run('docker', ['rm', container]);
  }
  return true;
}

async function works(command: string, args: string[]): Promise<boolean> {
  return run(command, args, { timeout: 15_000 }).then(
    () => true,
    () => false,
  );
}

function cacheFolders(): string[] {
  const userCache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return [
    join(import.meta.dirname, '..', '.cache', `oauth2-proxy-${version}`),
    join(userCache, 'gatehouse', `oauth2-proxy-${version}`),
  ];
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function firstLine(error: unknown): string {
  const text =
    error instanceof Error ? (error as Error & { stderr?: string }).stderr || error.message : String(error);
  return text.trim().split('\n')[0] ?? '';
}

if (import.meta.main) {
  const path = await getOauth2Proxy(console.error).catch((error: unknown) => console.error(firstLine(error)));
  if (path) console.log(path);
  else process.exitCode = 1;
}
