// Archives that are damaged, truncated, changed or malicious: each is refused, and nothing outside its folder is touched.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { create, Header } from 'tar';
import { recordKeys } from '../audit/chain.ts';
import { BadArchive, describeFile, readArchive, writeArchive } from './archive.ts';
import { type Manifest, manifestName, sealName, sealOf, writeManifest } from './manifest.ts';

const keys = recordKeys(['a1'.repeat(32)]);
const otherKeys = recordKeys(['b2'.repeat(32)]);
let root: string;
let good: Buffer;
let manifest: Manifest;

before(async () => {
  root = mkdtempSync(join(tmpdir(), 'gatehouse-archive-'));
  const folder = join(root, 'made');
  mkdirSync(folder);
  // Large enough that a part of it is more than one block.
  writeFileSync(join(folder, 'gatehouse.db'), Buffer.alloc(200_000, 'store '));
  writeFileSync(join(folder, 'vault.json'), '{}');
  manifest = {
    format: 'gatehouse backup',
    version: 1,
    madeAt: '2026-11-28T06:00:00.000Z',
    program: '0.1.0',
    layout: 2,
    store: 'filesystem',
    address: 'https://desk.test',
    record: { entries: 0, last: 0, intact: true },
    files: [await describeFile(folder, 'gatehouse.db'), await describeFile(folder, 'vault.json')],
  };
  good = await archiveOf(folder, manifest);
});
after(() => rmSync(root, { recursive: true }));

async function archiveOf(
  folder: string,
  about: Manifest,
  names: readonly string[] = about.files.map(({ name }) => name),
): Promise<Buffer> {
  const text = writeManifest(about);
  writeFileSync(join(folder, manifestName), text);
  writeFileSync(join(folder, sealName), sealOf(text, keys));
  const chunks: Buffer[] = [];
  const to = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  await writeArchive(folder, [manifestName, sealName, ...names], to);
  return Buffer.concat(chunks);
}

/** Where the system shows them: on Linux. */
function openFilesIn(folder: string): string[] {
  const handles = '/proc/self/fd';
  if (!existsSync(handles)) return [];
  const paths = readdirSync(handles).map((handle) => {
    try {
      return readlinkSync(join(handles, handle));
    } catch {
      return '';
    }
  });
  return paths.filter((path) => path.startsWith(folder));
}

async function read(
  bytes: Uint8Array,
): Promise<{ folder: string; judge: Awaited<ReturnType<typeof readArchive>>['judge'] }> {
  const outer = mkdtempSync(join(root, 'read-'));
  const folder = join(outer, 'a', 'b');
  mkdirSync(folder, { recursive: true });
  try {
    const { judge } = await readArchive({ input: Readable.from([bytes]), folder });
    return { folder, judge };
  } finally {
    assert.deepEqual(readdirSync(outer), ['a'], 'nothing is written outside of the folder');
    assert.deepEqual(readdirSync(join(outer, 'a')), ['b']);
    assert.deepEqual(openFilesIn(outer), [], 'no file stays open');
  }
}

const refused = (bytes: Uint8Array, words: RegExp) =>
  assert.rejects(read(bytes), (error: Error) => {
    assert.ok(error instanceof BadArchive, `${error.name}: ${error.message}`);
    assert.match(error.message, words);
    return true;
  });

/** An archive with entries that the program would not write. */
function withEntry(entry: Partial<Header>, body = 'x'): Buffer {
  const header = new Header({ mode: 0o600, size: body.length, type: 'File', ...entry } as never);
  header.encode();
  const block = Buffer.alloc(512);
  Buffer.from(body).copy(block);
  const tar = gunzipSync(good);
  const at = afterSeal(tar);
  const data = entry.size === 0 ? [] : [block];
  const made = [tar.subarray(0, at), header.block ?? Buffer.alloc(512), ...data, tar.subarray(at)];
  return gzipSync(Buffer.concat(made));
}

/** Where the first file begins: the seal has one block for its header and one for its contents. */
function afterSeal(tar: Buffer): number {
  return tar.indexOf(`${sealName}\0`) + 2 * 512;
}

test('what was written is read back unchanged, and its seal is valid only with its own key', async () => {
  const { folder, judge } = await read(good);
  assert.equal(readFileSync(join(folder, 'gatehouse.db')).length, 200_000);
  assert.equal(readFileSync(join(folder, 'vault.json'), 'utf8'), '{}');
  judge(keys);
  assert.throws(() => judge(otherKeys), /sealed with a different SECRET_KEY/);
});

test('cut off anywhere, it is refused', async () => {
  for (let part = 0; part < 20; part++) {
    const length = Math.floor((good.length * part) / 20);
    await refused(good.subarray(0, length), /damaged|incomplete|cut off|empty/);
  }
  // A tar file that is empty, or ends between two files, inside a complete gzip file.
  await refused(gzipSync(Buffer.alloc(1024)), /it is empty, or its beginning is missing|damaged/);
  const tar = gunzipSync(good);
  await refused(
    gzipSync(tar.subarray(0, tar.indexOf(`${sealName}\0`))),
    /it is empty, or its beginning is missing/,
  );
  await refused(gzipSync(tar.subarray(0, afterSeal(tar))), /cut off: gatehouse\.db is missing/);
});

test('with any byte changed, it or its seal is refused', async () => {
  for (let i = 0; i < 40; i++) {
    const bytes = Buffer.from(gunzipSync(good));
    const at = Math.floor((bytes.length * (i + 0.5)) / 40);
    bytes[at] = (bytes[at] ?? 0) ^ 0x41;
    try {
      const { folder, judge } = await read(gzipSync(bytes));
      judge(keys);
      // Data after the last file is ignored.
      assert.deepEqual(readFileSync(join(folder, 'gatehouse.db')), Buffer.alloc(200_000, 'store '));
    } catch (error) {
      assert.ok(error instanceof BadArchive, String(error));
    }
  }
});

test('a changed manifest is refused, even if everything else was made to match', async () => {
  const tar = gunzipSync(good).toString('latin1').replace('https://desk.test', 'https://evil.test');
  const { judge } = await read(gzipSync(Buffer.from(tar, 'latin1')));
  assert.throws(() => judge(keys), /changed after it was made/);
});

test('no entry chooses a path: names that climb, links and devices are refused', async () => {
  for (const path of ['../evil', '../../evil', '/tmp/evil', 'library/../../evil', 'x\\..\\evil', 'evil'])
    await refused(withEntry({ path }), /something that its manifest does not list/);
  for (const type of ['SymbolicLink', 'Link'] as const)
    await refused(
      withEntry({ path: 'vault.json', type, linkpath: '/etc/passwd', size: 0 }),
      /not a plain file/,
    );
  for (const type of ['CharacterDevice', 'FIFO', 'Directory'] as const)
    await refused(withEntry({ path: 'vault.json', type, size: 0 }), /not a plain file/);
  await refused(withEntry({ path: 'vault.json' }, '{"a":1}'), /a different size|something that its manifest/);
});

test('a manifest with a path, a duplicate file, no store or a newer format is refused', async () => {
  const [store] = manifest.files;
  assert.ok(store);
  const bad = (more: Partial<Manifest>) =>
    archiveOf(join(root, 'made'), { ...manifest, ...more }, ['gatehouse.db']);
  await refused(await bad({ files: [store, { ...store, name: '../evil' }] }), /not that of a backup/);
  await refused(await bad({ files: [store, store] }), /lists a file twice/);
  await refused(await bad({ files: [{ ...store, name: 'vault.json' }] }), /gatehouse\.db is not in it/);
  await refused(await bad({ version: 2 }), /made by a newer Gatehouse \(format 2/);
  await refused(await bad({ files: [{ ...store, size: store.size - 1 }] }), /a different size/);
  await refused(
    await bad({ files: [{ ...store, sha256: '0'.repeat(64) }] }),
    /gatehouse\.db in it is damaged/,
  );
  await refused(await bad({ files: [{ ...store, size: 1e15 }] }), /it needs \d+ MB, but only/);
});

test('anything but a backup is refused', async () => {
  await refused(Buffer.from('not an archive'), /not a backup/);
  await refused(Buffer.alloc(0), /empty|not a backup/);
  await refused(gzipSync(Buffer.from('no tar inside'.repeat(100))), /damaged|empty/);
  const folder = join(root, 'foreign');
  mkdirSync(folder);
  writeFileSync(join(folder, 'gatehouse.db'), 'x');
  symlinkSync('/etc/passwd', join(folder, 'vault.json'));
  const chunks: Buffer[] = [];
  for await (const chunk of create({ cwd: folder, gzip: true }, ['gatehouse.db', 'vault.json']))
    chunks.push(chunk);
  await refused(Buffer.concat(chunks), /does not start with manifest\.json/);
  await assert.rejects(readArchive({ input: createReadStream(join(root, 'nowhere')), folder }), {
    code: 'ENOENT',
  });
});

test('a large file is read no faster than the disk accepts it: it need not fit into memory', async (t) => {
  const folder = join(root, 'large');
  mkdirSync(folder);
  // Random, so that it is as large in the archive.
  writeFileSync(join(folder, 'gatehouse.db'), randomBytes(8 << 20));
  const bytes = await archiveOf(folder, { ...manifest, files: [await describeFile(folder, 'gatehouse.db')] });
  let taken = 0;
  async function* input() {
    for (; taken < bytes.length; taken += 65_536) yield bytes.subarray(taken, taken + 65_536);
  }
  const handle = await open(join(folder, 'gatehouse.db'));
  const proto: FileHandle = Object.getPrototypeOf(handle);
  await handle.close();
  const write = proto.write as (this: FileHandle, chunk: Buffer) => ReturnType<FileHandle['write']>;
  const seen: number[] = [];
  t.mock.method(proto, 'write', async function (this: FileHandle, chunk: Buffer) {
    // A disk that does not answer for as long as more is read.
    if (seen.length === 0) for (let before = -1; before !== taken; await pause(20)) before = taken;
    seen.push(taken);
    return write.call(this, chunk);
  });
  const into = join(root, 'large-read');
  mkdirSync(into);
  await readArchive({ input: input(), folder: into });
  assert.ok((seen[0] ?? 0) < bytes.length / 4, `${seen[0]} bytes were read before the first was written`);
  assert.deepEqual(readFileSync(join(into, 'gatehouse.db')), readFileSync(join(folder, 'gatehouse.db')));
});
