// Which bodies are accepted: of a stated type, in UTF-8, not compressed, and with few fields.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import express, { type ErrorRequestHandler } from 'express';
import { readBody } from './body.ts';

const json = 'application/json';
const form = 'application/x-www-form-urlencoded';
const refused: ErrorRequestHandler = (error, _req, res, _next) => {
  res.status(400).json({ refused: Reflect.get(error, 'code') ?? Reflect.get(error, 'type') });
};
const app = express()
  .post('/', ...readBody(), (req, res) => res.json(req.body))
  .use(refused);
const server = createServer(app);
before(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
after(() => server.close());

async function post(
  type: string,
  body: string | Uint8Array<ArrayBuffer>,
  encoding = 'identity',
): Promise<unknown> {
  const { port } = server.address() as AddressInfo;
  const headers = { 'content-type': type, 'content-encoding': encoding };
  return (await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body })).json();
}

test('a form or JSON in UTF-8 is read, and no body is an empty object', async () => {
  assert.deepEqual(await post(json, '{"a":1}'), { a: 1 });
  assert.deepEqual(await post(`${form}; charset=UTF-8`, 'a=1'), { a: '1' });
  assert.deepEqual(await post(json, ''), {});
});

test('another type or charset is refused', async () => {
  for (const type of [
    'text/plain',
    'multipart/form-data',
    `${json}; charset=utf-16`,
    `${form}; charset=iso-8859-1`,
  ])
    assert.deepEqual(await post(type, '{}'), { refused: 'unsupported_media_type' }, type);
});

test('a compressed body is not decompressed: a small one could become very large', async () => {
  for (const [type, body] of [
    [json, '{"a":1}'],
    [form, 'a=1'],
  ] as const)
    assert.deepEqual(
      await post(type, new Uint8Array(gzipSync(body)), 'gzip'),
      { refused: 'encoding.unsupported' },
      type,
    );
});

test('a form has at most fifty fields', async () => {
  const fields = (count: number) => Array.from({ length: count }, (_, i) => `f${i}=1`).join('&');
  assert.equal(Object.keys((await post(form, fields(50))) as object).length, 50);
  assert.deepEqual(await post(form, fields(51)), { refused: 'parameters.too.many' });
});
