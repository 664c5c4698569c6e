// `npm run try:compose`: runs docker-compose.yml on this machine's engine, with and without Redis, and with the guard: sign-in, what is
// open, what is forbidden, crashes. Prints one line of evidence for each; exit code 0: all of it holds, 1: something does not, 2: there is no engine.
import { execFileSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { waitFor } from '../demo/child.ts';
import { type Client, createClient } from '../test/support/client.ts';
import { type ComposeWorld, docker, prepareCompose } from '../test/support/compose.ts';
import { visit } from '../test/support/visit.ts';

let failures = 0;

function show(holds: boolean, what: string, seen = ''): void {
  if (!holds) failures += 1;
  console.log(`${holds ? 'ok  ' : 'FAIL'} ${what}${seen ? `: ${seen}` : ''}`);
}

interface Inspected {
  readonly Name: string;
  readonly RestartCount: number;
  readonly Config: { readonly User: string };
  readonly State: { readonly Health?: { readonly Status: string } };
  readonly HostConfig: {
    readonly ReadonlyRootfs: boolean;
    readonly CapDrop: readonly string[];
    readonly SecurityOpt: readonly string[];
    readonly PidsLimit: number;
    readonly Memory: number;
    readonly RestartPolicy: { readonly Name: string };
    readonly LogConfig: { readonly Type: string; readonly Config: Readonly<Record<string, string>> };
  };
  readonly NetworkSettings: {
    readonly Ports: Readonly<Record<string, readonly { HostIp: string; HostPort: string }[] | null>>;
    readonly Networks: Readonly<Record<string, unknown>>;
  };
}

async function inspect(id: string): Promise<Inspected> {
  const [found] = JSON.parse((await docker(['inspect', id])).out) as Inspected[];
  if (!found) throw new Error('a container is gone');
  return found;
}

/** @param wanted every published port */
async function showRestrictions(
  world: ComposeWorld,
  services: readonly string[],
  wanted: readonly string[] = [`oauth2-proxy 127.0.0.1:${world.port}->4180/tcp`],
): Promise<void> {
  const published: string[] = [];
  for (const service of services) {
    const { HostConfig: host, Config, NetworkSettings: net } = await inspect(await world.idOf(service));
    const logs = host.LogConfig.Config;
    const isolated =
      ['oauth2-proxy', 'front'].includes(service) ||
      Object.keys(net.Networks).every((name) => /_(?:inside|apps)$/.test(name));
    show(
      host.ReadonlyRootfs &&
        host.CapDrop.includes('ALL') &&
        host.SecurityOpt.some((option) => option.startsWith('no-new-privileges')) &&
        host.PidsLimit > 0 &&
        host.Memory > 0 &&
        host.RestartPolicy.Name === 'unless-stopped' &&
        logs['max-size'] !== undefined &&
        logs['max-file'] !== undefined &&
        /^[1-9]/.test(Config.User) &&
        isolated,
      service,
      `user ${Config.User}, read-only ${host.ReadonlyRootfs}, drops ${host.CapDrop}, ${host.SecurityOpt}, ` +
        `${host.PidsLimit} processes, ${host.Memory / 1048576} MB, restart ${host.RestartPolicy.Name}, ` +
        `logs ${logs['max-size']} x ${logs['max-file']}, networks ${Object.keys(net.Networks).map((name) => name.replace(/^.*_/, ''))}`,
    );
    for (const [inner, outer] of Object.entries(net.Ports)) {
      for (const { HostIp, HostPort } of outer ?? [])
        published.push(`${service} ${HostIp}:${HostPort}->${inner}`);
    }
  }
  show(published.join() === wanted.join(), 'published ports', published.join(', '));
  const network = await world.compose('config', '--format', 'json');
  const { networks } = JSON.parse(network.out) as {
    networks: Record<string, { internal?: boolean; name: string }>;
  };
  const { out } = await docker(['network', 'inspect', networks['inside']?.name ?? '', '-f', '{{.Internal}}']);
  show(out.trim() === 'true', 'the network of the app and Redis leads nowhere', `internal ${out.trim()}`);
}

async function showNoSecretLeaves(world: ComposeWorld, services: readonly string[]): Promise<void> {
  let seen = (await world.compose('logs', '--no-color')).all;
  for (const service of services) {
    const id = await world.idOf(service);
    seen += (await docker(['top', id, '-eo', 'pid,args', '-ww'])).all;
    const { out: image } = await docker(['inspect', '-f', '{{.Image}}', id]);
    seen += (await docker(['history', '--no-trunc', image.trim()])).all;
  }
  const found = world.secrets.filter((secret) => seen.includes(secret)).length;
  show(
    found === 0,
    'no secret in ps, logs or image history',
    `${world.secrets.length} secrets, ${seen.length} characters`,
  );
}

async function signIn(world: ComposeWorld, email: string): Promise<Client> {
  const device = world.client();
  const { status } = await device.signIn(email);
  show(status === 200, `${email} signs in through the gate`, `/dashboard ${status}`);
  return device;
}

interface Me {
  readonly person: { readonly email: string };
  readonly session: { readonly handle: string; readonly createdAt: string };
}

const me = async (device: Client) => (await device.ask('/api/me')).json<Me>();

/** The same session still works after each thing that is done to a container. */
async function showSurvives(what: string, device: Client, act: () => Promise<string>): Promise<void> {
  const before = await me(device);
  const from = Date.now();
  const seen = await act();
  const after = await waitFor(
    'the session',
    async () => {
      const answer = await device.ask('/api/me').catch(() => undefined);
      return answer?.status === 200 && answer.json<Me>();
    },
    60_000,
  ).catch(() => undefined);
  show(
    after?.session.handle === before.session.handle && after.session.createdAt === before.session.createdAt,
    what,
    `${after?.person.email ?? 'nobody'}, the same session after ${((Date.now() - from) / 1000).toFixed(1)} s${seen}`,
  );
}

/** Ends the program as a crash would. `docker kill` does not simulate that: Docker does not restart what an operator ended. */
async function crash(world: ComposeWorld, service: 'app' | 'redis'): Promise<string> {
  const id = await world.idOf(service);
  const before = (await inspect(id)).RestartCount;
  const command = { app: ['node', '-e', "process.kill(-1, 'SIGKILL')"], redis: ['sh', '-c', 'kill -9 -1'] }[
    service
  ];
  await world.compose('exec', '-T', service, ...command);
  const count = await waitFor('the restart', async () => {
    const { RestartCount } = await inspect(id);
    return RestartCount > before && RestartCount;
  });
  // oauth2-proxy removes the cookie from anyone who sends a request while Redis is away.
  if (service === 'redis') {
    await waitFor('Redis', async () => (await inspect(id)).State.Health?.Status === 'healthy', 30_000);
  }
  return `, restarted by Docker ${count} time(s)`;
}

async function showSignIn(world: ComposeWorld): Promise<Client> {
  const stranger = world.client();
  const { status, location = '' } = await stranger.ask('/dashboard');
  show(
    status === 302 && location.includes('/auth?'),
    'without a session /dashboard leads to Google',
    `${status}`,
  );
  const forged = await world.client().ask('/dashboard', { headers: { 'X-Forwarded-Uri': '/health' } });
  show(forged.status === 302, 'a forged X-Forwarded-Uri changes nothing', `${forged.status}`);
  const refused = await world.client().signIn('mallory@example.net');
  const title = /<title>(.*?)<\/title>/s.exec(refused.text)?.[1]?.trim() ?? '';
  show(refused.status === 403, 'who is not on the list is refused', `${refused.status} "${title}"`);
  const device = await signIn(world, 'ada@example.org');
  const answer = await device.ask('/api/me');
  if (answer.status !== 200) throw new Error(`nobody could sign in: /api/me ${answer.status}`);
  const { person, session } = answer.json<Me>();
  show(person.email === 'ada@example.org', '/api/me', `${person.email}, session ${session.handle}`);
  return device;
}

async function tryWith(redis: boolean): Promise<void> {
  const services = redis ? ['oauth2-proxy', 'app', 'redis'] : ['oauth2-proxy', 'app'];
  console.log(`\n${redis ? 'With the profile redis' : 'Without the profile: SQLite and cookies'}`);
  const world = await prepareCompose({ redis });
  const stop = () => void world.close().finally(() => process.exit(130));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    const from = Date.now();
    await world.up();
    const { out } = await world.compose('images', '--format', 'json', 'app');
    const size = /"Size":\s*(\d+)/.exec(out)?.[1];
    const seconds = ((Date.now() - from) / 1000).toFixed(1);
    show(
      true,
      'docker compose up -d --build --wait',
      `${seconds} s, image ${Math.round(Number(size) / 1e6)} MB`,
    );
    const states = await Promise.all(
      services.map(async (name) => (await inspect(await world.idOf(name))).State),
    );
    show(
      states.every((state) => state.Health?.Status === 'healthy'),
      'healthy',
      services.join(', '),
    );

    const device = await showSignIn(world);
    await showRestrictions(world, services);
    await showNoSecretLeaves(world, services);

    await showSurvives('a crash of the app', device, () => crash(world, 'app'));
    if (redis) await showSurvives('a crash of Redis', device, () => crash(world, 'redis'));
    await showSurvives('down and up again', device, async () => {
      await world.compose('down');
      await world.up();
      return '';
    });

    const removed = await signIn(world, 'grace@example.org');
    world.allow(['ada@example.org']);
    const last = await waitFor('the new list', async () => {
      await delay(100);
      const { status } = await removed.ask('/api/me');
      return status !== 200 && status;
    }).catch(() => 200);
    show(last === 401 || last === 403, 'who is taken off the list is out', `${last}`);
    show((await device.ask('/api/me')).status === 200, 'who is still on it is not');
  } finally {
    process.removeListener('SIGINT', stop).removeListener('SIGTERM', stop);
    await world.close();
  }
}

/** Where Caddy listens in its container. */
const appsPortInside = 4181;

/** The profile `guard`: two sample apps behind Caddy, which asks Gatehouse about every request. */
async function tryGuard(): Promise<void> {
  console.log('\nWith --profile guard: two sample apps behind Caddy');
  const services = ['oauth2-proxy', 'app', 'redis', 'front', 'sample-notes', 'sample-photos'];
  const world = await prepareCompose({ redis: true, guard: true });
  const { notes, photos } = world.apps;
  try {
    const from = Date.now();
    await world.up();
    const took = ((Date.now() - from) / 1000).toFixed(1);
    show(true, 'docker compose --profile guard up -d --build --wait', `${took} s`);

    const port = new URL(notes).port;
    const published = [
      `oauth2-proxy 127.0.0.1:${world.port}->4180/tcp`,
      `front 127.0.0.1:${port}->${appsPortInside}/tcp`,
    ];
    await showRestrictions(world, services, published);
    await showNoSecretLeaves(world, services);

    const stranger = createClient(notes);
    const forged = { 'Remote-Email': 'ada@example.org', Accept: 'text/html' };
    const refused = await stranger.ask('/', { headers: forged });
    const leads = refused.location?.startsWith(`${world.url}/open?`) === true;
    show(refused.status === 302 && leads, 'a forged Remote-Email leads to the sign-in', `${refused.status}`);
    show((await stranger.ask('/health')).status === 200, 'a public path needs no sign-in');

    const sites = new Map<string, Client>();
    const first = await visit(sites, `${notes}/a?b=1&c=2`, 'ada@example.org');
    const isIn = first.status === 200 && first.at === `${notes}/a?b=1&c=2` && first.atGoogle === 1;
    show(
      isIn && first.text.includes('<strong>ada@example.org'),
      'Notes opens',
      `${first.at}, once at Google`,
    );
    const second = await visit(sites, `${photos}/`, 'ada@example.org');
    const isSecondIn = second.status === 200 && second.at === `${photos}/` && second.atGoogle === 0;
    show(isSecondIn, 'Photos opens with the same sign-in', `${second.at}, not at Google`);
    const cookies = /<th>cookies<\/th><td>(.*?)<\/td>/.exec(first.text)?.[1];
    show(cookies === '–', 'the app sees no cookie of Gatehouse or oauth2-proxy', cookies);

    await world.compose('run', '--rm', 'guard-config');
    const reload = ['exec', '-T', 'front', 'caddy', 'reload', '--config', '/etc/caddy/Caddyfile'];
    show((await world.compose(...reload)).ok, 'the front takes its files over again without a restart');
    show((await visit(sites, `${notes}/`, 'ada@example.org')).hops === 0, 'and the apps are still open');

    const desk = sites.get(world.url);
    const token = (await desk?.ask('/api/me'))?.json<{ csrfToken: string } & Me>();
    const ended = await desk?.ask(`/api/sessions/${token?.session.handle}`, {
      method: 'DELETE',
      headers: { 'X-CSRF-Token': token?.csrfToken ?? '', Origin: world.url },
    });
    const after = await Promise.all(
      [notes, photos].map(async (app) => (await sites.get(app)?.ask('/'))?.status),
    );
    show(
      after.every((status) => status === 401),
      'ended on the desk: both apps refuse the next request',
      `DELETE ${ended?.status}, then ${after.join(' and ')}`,
    );
  } finally {
    await world.close();
  }
}

/**
 * Sends requests continuously as `devices` while `act` runs. @returns how many, which were refused, and the longest that a device was
 * refused
 */
async function underLoad(devices: readonly Client[], act: () => Promise<void>) {
  const seen = { requests: 0, refused: 0, lost: 0, longestMs: 0 };
  let over = false;
  const asking = devices.map(async (device) => {
    const { handle } = (await me(device)).session;
    let refusedSince: number | undefined;
    while (!over) {
      seen.requests += 1;
      const answer = await device.ask('/api/me').catch(() => undefined);
      if (answer?.status === 200) {
        refusedSince = undefined;
        if (answer.json<Me>().session.handle !== handle) seen.lost += 1;
      } else {
        seen.refused += 1;
        refusedSince ??= Date.now();
        seen.longestMs = Math.max(seen.longestMs, Date.now() - refusedSince);
      }
      await delay(50);
    }
  });
  try {
    await act();
  } finally {
    over = true;
    await Promise.all(asking);
  }
  return seen;
}

/** The steps of "Without a pause" in docs/deploy.md. */
async function tryRolling(redis: boolean): Promise<void> {
  console.log(`\nTwo apps, one after the other, ${redis ? 'on Redis' : 'on SQLite'}`);
  const world = await prepareCompose({ redis });
  const compose = async (...args: string[]) => {
    const { ok, all } = await world.compose('-f', 'docker-compose.rolling.yml', ...args);
    if (!ok) throw new Error(all.slice(-2000));
  };
  const rotate = (word: string) => {
    const script = join(import.meta.dirname, '..', 'generate-secrets.ts');
    const args = [script, '--rotate', word, '--yes', '--env', join(world.folder, '.env')];
    execFileSync(process.execPath, args, { cwd: world.folder, stdio: 'ignore' });
  };
  const roll = async () => {
    await compose('up', '-d', '--wait', 'app');
    await compose('up', '-d', '--wait', 'app-2');
    await compose('up', '-d', '--wait');
  };
  try {
    appendFileSync(join(world.folder, '.env'), '\nRATE_LIMIT=off\n');
    await compose('up', '-d', '--build', '--wait');
    const devices = await Promise.all(
      ['ada', 'grace', 'ada'].map((who) => signIn(world, `${who}@example.org`)),
    );
    for (const word of ['session', 'gate']) {
      rotate(word);
      const { requests, refused, lost, longestMs } = await underLoad(devices, roll);
      // A new gate secret restarts the gate itself, the only process that listens on the port.
      const holds = lost === 0 && (word === 'session' ? refused === 0 : longestMs < 10_000);
      const pause = refused > 0 ? `, for ${(longestMs / 1000).toFixed(1)} s at most` : '';
      show(
        holds,
        `rotate ${word}`,
        `${requests} requests, ${refused} refused${pause}, ${lost} sessions lost`,
      );
    }
  } finally {
    await world.close();
  }
}

const engine = await docker(['info', '--format', '{{.ServerVersion}}']);
const plugin = await docker(['compose', 'version', '--short']);
if (engine.ok && plugin.ok) {
  console.log(`Docker ${engine.out.trim()}, Compose ${plugin.out.trim()}`);
  await tryWith(true);
  await tryWith(false);
  await tryGuard();
  await tryRolling(true);
  await tryRolling(false);
  console.log(failures === 0 ? '\nAll of it holds.' : `\n${failures} of it does not hold.`);
  if (failures > 0) process.exitCode = 1;
} else {
  console.error(
    'No Docker engine with Compose answers here: start one, or install docker.io and its compose plugin.',
  );
  process.exitCode = 2;
}
