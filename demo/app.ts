// Starts the app as a child process, as `npm start` does, with only the environment it is given.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Child, startChild, waitUntilUp } from './child.ts';

export interface AppOptions {
  /** Must hold HOST and PORT. */
  readonly env: Readonly<Record<string, string>> & { readonly PORT: string };
  /** Its working directory: not the checkout, whose `.env` belongs to a developer. */
  readonly cwd: string;
  readonly onLine?: (line: string) => void;
}

const root = join(import.meta.dirname, '..');

/** The arguments with which `npm start` calls Node.js. */
export const startArguments: readonly string[] = [
  '--import',
  pathToFileURL(join(root, 'scripts', 'before-start.mjs')).href,
  join(root, 'src', 'main.ts'),
  'serve',
];

/** Resolves when it answers /health. */
export async function startApp({ env, cwd, onLine }: AppOptions): Promise<Child> {
  const child = await startChild({
    name: 'gatehouse',
    command: process.execPath,
    args: startArguments,
    env,
    cwd,
    ...(onLine ? { onLine } : {}),
  });
  await waitUntilUp(child, `http://127.0.0.1:${env.PORT}/health`);
  return child;
}
