// A sync that is killed at any instant resumes where it was: nothing is missing, nothing is duplicated, no partial file is left.
import assert from 'node:assert/strict';
import { createHash, randomInt } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Child, startChild, waitFor } from '../demo/child.ts';
import { everything } from '../src/confluence/scope.ts';
import { differences, type Place, place } from './support/confluence.ts';

const program = fileURLToPath(import.meta.resolve('./support/confluence-child.ts'));

function start({ site, dataDir }: Place): Promise<Child> {
  return startChild({
    name: 'sync',
    command: process.execPath,
    args: [program, site.url, dataDir],
    // Halves its start-up time.
    env: { NODE_COMPILE_CACHE: join(dataDir, 'compiled') },
  });
}

const ended = (child: Child) => child.lines.find((line) => line.startsWith('ends '));

async function begin(child: Child): Promise<void> {
  await waitFor('the process to be ready', () => child.lines.includes('ready'), 60_000);
  process.kill(child.pid, 'SIGUSR2');
}

/** Resolves once it has started and run for that many milliseconds. */
async function runs(child: Child, ms: number): Promise<void> {
  await begin(child);
  await waitFor('the sync to begin', () => child.lines.includes('begins'), 60_000);
  await delay(ms);
}

test('killed 20 times at random, it ends complete and without duplicates', async (t) => {
  const here = await place(t, { kind: 'data-center', share: 0.25 });
  const { site, library } = here;
  let kills = 0;
  let rounds = 0;
  // The next ones start in the meantime: starting a process takes longer than killing it.
  const waiting = Array.from({ length: 4 }, () => start(here));
  while (kills < 20) {
    waiting.push(start(here));
    const child = (await waiting.shift()) as Child;
    await Promise.race([runs(child, randomInt(1, 120)), child.exited]);
    if (ended(child)) {
      // It finished before it was killed: give the next ones changes of every kind.
      rounds++;
      const pages = [...site.content.pages.values()].filter(({ status }) => status === 'current');
      for (let i = 0; i < 150; i++)
        site.content.edit(pages[(i * 7 + rounds) % pages.length]?.id ?? '', { body: `<p>${rounds}</p>` });
      for (const file of [...site.content.attachments.values()].slice(0, 60)) {
        site.content.replaceFile(file.id, new TextEncoder().encode(`version ${rounds} of ${file.id}`));
      }
      site.content.remove(pages[rounds]?.id ?? '');
    }
    if (child.running()) kills++;
    await child.kill();
  }
  const last = (await waiting.shift()) as Child;
  await begin(last);
  await last.exited;
  for (const child of waiting) await (await child).kill();
  const summary = JSON.parse(ended(last)?.slice(5) ?? '{}') as Record<string, unknown>;
  assert.deepEqual([summary['state'], summary['failed']], ['done', 0]);
  assert.deepEqual(differences(here), []);
  const count = (table: string) =>
    Number(library.database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n']);
  assert.equal(count('page_text'), count("page WHERE status = 'live'"));
  assert.equal(count('sync_work'), 0);
  assert.equal(readdirSync(library.filesFolder).length, count('attachment'));
  for (const { id } of site.content.attachments.values()) {
    const file = library.attachment(id);
    if (file) assert.equal(createHash('sha256').update(readFileSync(file.path)).digest('hex'), file.sha256);
  }
  t.diagnostic(`${kills} kills, ${site.seen.length} requests in all for ${site.content.pages.size} pages`);
});

test('only one process syncs at a time, and a killed one leaves no lock', async (t) => {
  const here = await place(t, { kind: 'data-center', share: 0.2 });
  const gate = Promise.withResolvers<undefined>();
  here.site.trouble = (_path, number) => (number > 20 ? gate.promise : undefined);
  const child = await start(here);
  await begin(child);
  await waitFor('requests', () => here.site.seen.length > 20);
  assert.deepEqual(await here.confluence.sync(everything), { busy: true });
  assert.equal(here.confluence.status().last?.state, 'running');
  await child.kill();
  gate.resolve(undefined);
  here.site.trouble = undefined;
  assert.equal((await here.sync()).resumed, true);
  assert.deepEqual(differences(here), []);
});
