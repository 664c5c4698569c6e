// `npm run dev`: the dashboard in DEV_MODE, restarted when a file in src, views or public changes. Neither needs nor reads a .env; what it
// stores is removed when it ends.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-dev-'));
const port = process.env['PORT'] ?? '3000';

const watched = ['src', 'views', 'public'].map((name) => `--watch-path=${join(root, name)}`);
const child = spawn(
  process.execPath,
  [...watched, '--watch-preserve-output', join(root, 'src/main.ts'), 'serve'],
  {
    // The server reads `.env` from its working directory, and this one has none.
    cwd: folder,
    stdio: 'inherit',
    env: {
      ...process.env,
      NODE_ENV: 'development',
      DEV_MODE: 'true',
      PORT: port,
      PUBLIC_URL: `http://localhost:${port}`,
      // The same for every restart, so that sessions survive it.
      SECRET_KEY: randomBytes(32).toString('hex'),
      GATE_SECRET: randomBytes(32).toString('hex'),
    },
  },
);
process.stdout.write(`http://localhost:${port}\n`);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => child.kill('SIGTERM'));
child.on('close', (code) => {
  rmSync(folder, { recursive: true, force: true });
  process.exitCode = code ?? 0;
});
