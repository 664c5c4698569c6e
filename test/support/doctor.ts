// Creates a folder with the shipped files and generated secrets, and runs `gatehouse doctor` on it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readList } from '../../src/access/reader.ts';
import { doctorCommand } from '../../src/commands/doctor.ts';
import { runCommand } from '../../src/commands/terminal.ts';
import { fingerprint } from '../../src/crypto/tokens.ts';
import { gather } from '../../src/doctor/look/gather.ts';
import { appsSeen } from '../../src/wiring/doctor-app.ts';
import { compileCache } from './compile-cache.ts';

export const root = join(import.meta.dirname, '../..');
const shipped = [
  'oauth2-proxy.cfg',
  'docker-compose.yml',
  'Dockerfile',
  '.env.example',
  '.gitignore',
  'gate-pages',
  'access',
];

let generated: Promise<string> | undefined;

/** Copies the shipped files to a new folder, with secrets from the real generator, which runs once a process. */
export async function shippedFolder(t: { after(clean: () => void): void }): Promise<string> {
  generated ??= generate();
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-doctor-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(await generated, folder, { recursive: true });
  return folder;
}

async function generate(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-doctor-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const name of shipped) {
    if (existsSync(join(root, name))) cpSync(join(root, name), join(folder, name), { recursive: true });
  }
  assert.equal((await run(folder, ['generate-secrets.ts', '--yes'])).code, 0);
  return folder;
}

export function setEnv(folder: string, values: Readonly<Record<string, string>>): void {
  const path = join(folder, '.env');
  let text = readFileSync(path, 'utf8');
  for (const [name, value] of Object.entries(values)) {
    const line = new RegExp(`^(?:# )?${name}=.*$`, 'm');
    text = line.test(text) ? text.replace(line, () => `${name}=${value}`) : `${text}${name}=${value}\n`;
  }
  writeFileSync(path, text);
}

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export function run(cwd: string, args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const [file = '', ...rest] = args;
  return new Promise((settle) => {
    const child = spawn(process.execPath, [join(root, file), ...rest], {
      cwd,
      env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...compileCache, ...env },
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    child.on('close', (code) => settle({ code, out, err }));
  });
}

export const doctor = (cwd: string, ...args: string[]) => run(cwd, ['src/main.ts', 'doctor', ...args]);

/** The same in this process: faster for many variants. */
export async function doctorHere(folder: string, ...args: string[]): Promise<Ran> {
  const lines = { out: '', err: '' };
  const code = await runCommand(doctorCommand, args, {
    out: (line) => {
      lines.out += `${line}\n`;
    },
    err: (line) => {
      lines.err += `${line}\n`;
    },
    look: ({ runBy }) =>
      gather({
        folder,
        programFolder: root,
        env: {},
        patienceMs: 10_000,
        validators: {
          fingerprint,
          faultOf: (name, value) => (value.length < 32 ? `${name} is short` : undefined),
        },
        addressesIn: (path) => {
          const list = readList(readFileSync(path, 'utf8'));
          if (list.kind === 'broken') throw new Error('broken');
          return list.records.map(({ address }) => address);
        },
        appsIn: appsSeen(Date.now),
        now: Date.now,
        ...(runBy && { runBy }),
      }),
  });
  return { code, ...lines };
}
