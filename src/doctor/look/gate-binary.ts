// Finds the version of an oauth2-proxy binary: from `--version`, else from the build information that Go puts into every binary.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';

/** Go's build information is plain text inside the binary, one tab-separated line per module (runtime/debug.BuildInfo). */
const moduleLine = 'mod\tgithub.com/oauth2-proxy/oauth2-proxy/v7\t';

/**
 * The version without its `v`, like `7.15.6`; undefined if the file cannot be run or states none. `go install …@v7.15.6` stamps
 * no version: `--version` then prints "undefined", and only the build information has it.
 */
export async function versionOfGateBinary(path: string): Promise<string | undefined> {
  const output = await new Promise<string | undefined>((settle) => {
    // Passes nothing of this environment on: it holds every secret.
    execFile(path, ['--version'], { timeout: 10_000, env: {} }, (error, stdout) =>
      settle(error ? undefined : stdout),
    );
  });
  if (output === undefined) return undefined;
  return firstVersion(output) ?? (await versionInBuildInformation(path));
}

async function versionInBuildInformation(path: string): Promise<string | undefined> {
  const content = await readFile(path).catch(() => undefined);
  const start = content?.indexOf(moduleLine) ?? -1;
  if (content === undefined || start < 0) return undefined;
  const from = start + moduleLine.length;
  return firstVersion(content.toString('latin1', from, from + 40).split(/[\t\n]/, 1)[0] ?? '');
}

function firstVersion(text: string): string | undefined {
  return /\bv(\d+\.\d+\.\d+)/.exec(text)?.[1];
}
