import { createHash } from 'node:crypto';
import {
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Api } from '../support/api.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { ask, type RawAnswer } from './ask.ts';

const test = suite('file');
const CONTENT = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7919) % 251));
const NAME = 'Übung “1” 100%.bin';

let server: TestServer;
let api: Api;
let site: Server;
let id: string;
let path: string;

test.before(async () => {
  site = createServer((request, response) => {
    response.writeHead(200, { 'content-length': CONTENT.length, 'content-type': 'application/octet-stream' });
    response.end(request.method === 'HEAD' ? undefined : CONTENT);
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  server = await startServer();
  api = await server.session();
  id = await api.add({
    url: `http://127.0.0.1:${(site.address() as AddressInfo).port}/file.bin`,
    filename: NAME,
  });
  const { file } = await api.waitFor(id, 'complete');
  path = join(server.place.downloadDir, file?.name ?? '');
});
test.after(async () => {
  await (server as TestServer | undefined)?.stop();
  site.close();
});

const get = (headers: Record<string, string> = {}, method = 'GET'): Promise<RawAnswer> =>
  ask(server.url, `/api/downloads/${id}/file`, {
    method,
    headers: { authorization: `Bearer ${api.token}`, ...headers },
  });

const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

test('the whole file comes as an attachment that no browser will run', async () => {
  const { status, headers, body } = await get();
  assert.is(status, 200);
  assert.is(hash(body), hash(CONTENT));
  assert.is(headers['content-length'], String(CONTENT.length));
  assert.is(headers['content-type'], 'application/octet-stream');
  assert.is(headers['accept-ranges'], 'bytes');
  assert.is(headers['x-content-type-options'], 'nosniff');
  assert.match(String(headers['content-security-policy']), /sandbox/);
  assert.match(
    String(headers['content-disposition']),
    /^attachment; filename="[\x20-\x7e]*"; filename\*=UTF-8''%C3%9Cbung/,
  );
});

test('HEAD sends the headers without a body', async () => {
  const { status, headers, body } = await get({}, 'HEAD');
  assert.equal([status, headers['content-length'], body.length], [200, String(CONTENT.length), 0]);
});

for (const [range, first, last] of [
  ['bytes=0-0', 0, 0],
  ['bytes=1000-1999', 1000, 1999],
  ['bytes=299999-', 299_999, 299_999],
  ['bytes=-10', 299_990, 299_999],
  ['bytes=0-999999', 0, 299_999],
] as const) {
  test(`Range ${range} gets exactly that part`, async () => {
    const { status, headers, body } = await get({ range });
    assert.is(status, 206);
    assert.is(headers['content-range'], `bytes ${first}-${last}/300000`);
    assert.ok(body.equals(CONTENT.subarray(first, last + 1)));
  });
}

test('a range past the end is 416 with the size', async () => {
  const { status, code, headers } = await get({ range: 'bytes=300000-' });
  assert.equal([status, code, headers['content-range']], [416, 'range_not_satisfiable', 'bytes */300000']);
});

test('If-Range gives a part of this version of the file, or the whole of another', async () => {
  const { etag = '' } = (await get({}, 'HEAD')).headers as { etag?: string };
  assert.match(etag, /^"/);
  assert.is((await get({ range: 'bytes=0-9', 'if-range': etag })).status, 206);
  assert.is((await get({ range: 'bytes=0-9', 'if-range': '"another"' })).status, 200);
  assert.is((await get({ 'if-none-match': etag })).status, 304);
});

test('the file of a download that is not complete is 409', async () => {
  const waiting = await api.add({ url: 'http://127.0.0.1:9/nothing' });
  const { status, body } = await api.call<{ code: string }>('GET', `/api/downloads/${waiting}/file`);
  assert.equal([status, body.code], [409, 'wrong_state']);
});

test('a file that is shorter than its row says is file_missing, whole or by range', async () => {
  for (const bytes of [0, 1, CONTENT.length - 1]) {
    truncateSync(path, bytes);
    for (const headers of [{}, { range: 'bytes=0-0' }] as Record<string, string>[]) {
      const { status, code, body } = await get(headers);
      assert.equal([status, code], [404, 'file_missing']);
      assert.match(body.toString(), new RegExp(`Only ${bytes} of the ${CONTENT.length} bytes`));
    }
    assert.is((await get({}, 'HEAD')).status, 404);
  }
  writeFileSync(path, CONTENT);
  assert.is((await get()).status, 200);
});

test('a file that is gone, or a link in its place, is file_missing', async () => {
  const aside = `${path}.aside`;
  renameSync(path, aside);
  try {
    assert.equal([(await get()).status, (await get()).code], [404, 'file_missing']);
    const secret = join(server.place.dir, 'secret');
    writeFileSync(secret, 'secret');
    symlinkSync(secret, path);
    const { code, body } = await get();
    assert.is(code, 'file_missing');
    assert.not.match(body.toString(), /secret/);
    unlinkSync(path);
  } finally {
    rmSync(path, { force: true });
    renameSync(aside, path);
  }
  assert.is((await get()).status, 200);
});

test('removing a download keeps its file, or deletes it with ?file=delete', async () => {
  const url = `http://127.0.0.1:${(site.address() as AddressInfo).port}/other.bin`;
  const [kept, deleted] = [
    await api.add({ url, filename: 'kept.bin' }),
    await api.add({ url, filename: 'deleted.bin' }),
  ];
  for (const each of [kept, deleted]) await api.waitFor(each, 'complete');
  assert.is((await api.call('DELETE', `/api/downloads/${kept}`)).status, 204);
  assert.is((await api.call('DELETE', `/api/downloads/${deleted}?file=delete`)).status, 204);
  assert.is((await api.call('GET', `/api/downloads/${kept}`)).status, 404);
  assert.is(hash(readFileSync(join(server.place.downloadDir, 'kept.bin'))), hash(CONTENT));
  assert.throws(() => readFileSync(join(server.place.downloadDir, 'deleted.bin')), /ENOENT/);
});

test('a file under the name of one that was moved away is neither served to nor deleted by the other session', async () => {
  const at = (path: string): string => `http://127.0.0.1:${(site.address() as AddressInfo).port}/${path}`;
  const mine = await api.add({ url: at('first.bin'), filename: 'same.bin' });
  await api.waitFor(mine, 'complete');
  const path = join(server.place.downloadDir, 'same.bin');
  renameSync(path, join(server.place.home, 'moved.bin'));
  const stranger = await server.session();
  const theirs = await stranger.add({ url: at('second.bin'), filename: 'same.bin' });
  assert.is((await stranger.waitFor(theirs, 'complete')).file?.name, 'same.bin');
  assert.is(
    (await api.call<{ code: string }>('GET', `/api/downloads/${mine}/file`)).body.code,
    'file_missing',
  );
  assert.is((await api.call('DELETE', `/api/downloads/${mine}?file=delete`)).status, 204);
  assert.is(hash(readFileSync(path)), hash(CONTENT));
  const kept = await ask(server.url, `/api/downloads/${theirs}/file`, {
    headers: { authorization: `Bearer ${stranger.token}` },
  });
  assert.is(kept.status, 200);
});

test.run();
