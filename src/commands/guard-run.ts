// What `gatehouse guard config` does, and what it prints.
import { FileRefused } from '../files/file-refused.ts';
import type { Apps, GuardedApp } from '../guard/contract.ts';
import { caddyFiles } from '../guard/front/caddy.ts';
import { keepInStep } from '../guard/front/folder.ts';
import { type CookieNames, type FrontFile, type FrontInput, FrontRefused } from '../guard/front/input.ts';
import { nginxFiles } from '../guard/front/nginx.ts';
import { traefikFiles } from '../guard/front/traefik.ts';
import type { ExitCode, Say } from './terminal.ts';

export type FrontName = 'nginx' | 'caddy' | 'traefik';

export interface GuardTask {
  readonly front: FrontName;
  /** The name of one app; undefined: all. */
  readonly app: string | undefined;
  /** Where it is written; undefined: it is printed. */
  readonly folder: string | undefined;
  /** Where the front reaches the guard listener; empty: as GUARD_LISTEN has it. */
  readonly guards: readonly string[];
}

export interface GuardParts {
  /** The apps file, or in one line what is wrong with it. */
  readonly apps: () => Promise<Apps | { readonly fault: string }>;
  readonly keyOf: (app: GuardedApp) => string;
  /** GUARD_LISTEN; undefined: off. */
  readonly listen: string | undefined;
  readonly cookies: CookieNames;
}

const fronts: Record<
  FrontName,
  { readonly files: (input: FrontInput) => readonly FrontFile[]; readonly next: string }
> = {
  nginx: { files: nginxFiles, next: 'reload the front: nginx -t && nginx -s reload' },
  caddy: {
    files: caddyFiles,
    next: 'reload the front: caddy validate --config /etc/caddy/Caddyfile && caddy reload --config /etc/caddy/Caddyfile',
  },
  traefik: {
    files: traefikFiles,
    next: 'Traefik reads the folder by itself: --providers.file.directory names it, with --providers.file.watch',
  },
};

export async function configure(task: GuardTask, parts: GuardParts, say: Say): Promise<ExitCode> {
  const { front, app, folder, guards } = task;
  const [guard, ...more] = guards.length > 0 ? guards : parts.listen === undefined ? [] : [parts.listen];
  if (guard === undefined) {
    say.fault('the guard is off; set GUARD_LISTEN, for example to unix:/run/gatehouse/guard.sock');
    return 2;
  }
  const apps = await parts.apps();
  if ('fault' in apps) {
    say.fault(apps.fault);
    return 2;
  }
  if (app !== undefined && !apps.apps.has(app)) {
    say.fault(`there is no app "${app.slice(0, 40)}" in APPS_FILE; ${namesOf(apps)}`);
    return 1;
  }
  const ownLine = `# Written by "gatehouse guard config ${front}": changes here are lost.`;
  try {
    const { keyOf, cookies } = parts;
    const files = fronts[front]
      .files({ apps, guards: [guard, ...more], keyOf, cookies })
      .filter((file) => app === undefined || file.app === undefined || file.app === app)
      .map((file) => ({ ...file, text: `${ownLine}\n${file.text}` }));
    if (folder === undefined) return print(files, say);
    return await write({ files, folder, ownLine, isWhole: app === undefined }, fronts[front].next, say);
  } catch (error) {
    if (!(error instanceof FrontRefused || error instanceof FileRefused)) throw error;
    say.fault(error.message);
    return 1;
  }
}

function print(files: readonly FrontFile[], say: Say): ExitCode {
  for (const { name, text } of files) {
    if (files.length > 1) say.line(`# ======== ${name}`);
    for (const line of text.trimEnd().split('\n')) say.line(line);
  }
  return 0;
}

async function write(task: Parameters<typeof keepInStep>[0], next: string, say: Say): Promise<ExitCode> {
  const done = await keepInStep(task);
  if ('foreign' in done) {
    say.fault(
      `${task.folder} has a ${done.foreign} that Gatehouse did not write, so nothing was changed; move it away, or use another folder`,
    );
    return 1;
  }
  if ('busy' in done) {
    say.fault(`another command is writing to ${task.folder}; run this again`);
    return 1;
  }
  for (const name of done.written) say.line(`written  ${name}`);
  for (const name of done.removed) say.line(`removed  ${name}`);
  const isSame = done.written.length + done.removed.length === 0;
  say.line(isSame ? `${task.folder} is up to date.` : next);
  return 0;
}

function namesOf({ apps }: Apps): string {
  return apps.size === 0 ? 'it has none' : `it has ${[...apps.keys()].slice(0, 20).join(', ')}`;
}
