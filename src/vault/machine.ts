// The machine's own id. Everyone on the machine can read it, and a cloned image has the same one. Binding only stops casual copying of the
// file.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const timeout = 5_000;

/** @returns undefined if the machine has none, as in most containers */
export async function readMachineId(
  platform: NodeJS.Platform = process.platform,
): Promise<string | undefined> {
  try {
    if (platform === 'darwin') {
      const { stdout } = await run('/usr/sbin/ioreg', ['-rd1', '-c', 'IOPlatformExpertDevice'], { timeout });
      return idIn(/"IOPlatformUUID" = "([\dA-F-]{36})"/i, stdout);
    }
    if (platform === 'win32') {
      const program = `${process.env['SystemRoot'] ?? 'C:\\Windows'}\\System32\\reg.exe`;
      const args = ['query', 'HKLM\\SOFTWARE\\Microsoft\\Cryptography', '/v', 'MachineGuid', '/reg:64'];
      const { stdout } = await run(program, args, { timeout, windowsHide: true });
      return idIn(/MachineGuid\s+REG_SZ\s+([\da-f-]{36})/i, stdout);
    }
    return await readIdFile('/etc/machine-id');
  } catch {
    return undefined;
  }
}

/** systemd's machine-id(5): 32 hex digits, or the word "uninitialized" before the first boot. @throws if the file does not exist */
export async function readIdFile(path: string): Promise<string | undefined> {
  return idIn(/^([\da-f]{32})$/, (await readFile(path, 'utf8')).trim());
}

function idIn(pattern: RegExp, text: string): string | undefined {
  const id = pattern.exec(text)?.[1]?.toLowerCase();
  return id && /[1-9a-f]/.test(id) ? id : undefined;
}
