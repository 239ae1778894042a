import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256Of } from '../site/content.ts';
import { mediaDir, mediaMissing } from '../site/media.ts';
import { type Site, startSite } from '../site/site.ts';
import type { Api } from '../support/api.ts';
import { picturesHash, sha256File, streamKinds } from '../support/media-hash.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';

const MIB = 1024 * 1024;
let site: Site;
let server: TestServer;
let api: Api;

test.before(async () => {
  site = await startSite();
  server = await startServer({ env: { SLUICE_ENGINES: 'http' } });
  api = await server.session();
});
test.after(async () => {
  await server.stop();
  await site.close();
});

const onDisk = (name: string): string => join(server.place.downloadDir, name);
const slowFile = (name: string, seed: number): string =>
  `${site.url}/file/${name}?size=${40 * MIB}&seed=${seed}&rate=${4 * MIB}`;

test('a direct file of 100 MiB is complete, and nothing else is left in the folder', async () => {
  const url = `${site.url}/file/hundred.bin?size=${100 * MIB}&seed=5`;
  const row = await api.waitFor(await api.add({ url }), 'complete');
  assert.equal(row.file, { name: 'hundred.bin', bytes: 100 * MIB });
  assert.is(row.percent, 100);
  assert.is(row.engine, 'http');
  assert.is(await sha256File(onDisk('hundred.bin')), sha256Of(5, 100 * MIB));
  assert.equal(
    readdirSync(server.place.downloadDir).filter((name) => name !== '.sluice'),
    ['hundred.bin'],
  );
});

test('the finished file is served in ranges, as an attachment that no browser runs', async () => {
  const [row] = await api.list('?state=complete');
  const response = await fetch(`${server.url}/api/downloads/${row?.id}/file`, {
    headers: { authorization: `Bearer ${api.token}`, range: 'bytes=1000-1999' },
  });
  assert.is(response.status, 206);
  assert.is(response.headers.get('content-range'), `bytes 1000-1999/${100 * MIB}`);
  assert.match(response.headers.get('content-disposition') ?? '', /^attachment/);
  assert.is(response.headers.get('x-content-type-options'), 'nosniff');
  assert.match(response.headers.get('content-security-policy') ?? '', 'sandbox');
  assert.is((await response.arrayBuffer()).byteLength, 1000);
});

test('a page with three videos gives three items, each of which can be downloaded', async () => {
  const { engine, items } = await api.parse(`${site.url}/page/three`);
  assert.is(engine, 'http');
  assert.is(items.length, 3);
  const expected = [sha256Of(11, 300_000), sha256Of(12, 400_000), sha256Of(13, 500_000)];
  const hashes = await Promise.all(
    items.map(async ({ url, streams }) => {
      const stream = streams.find(({ isDefault }) => isDefault) ?? streams[0];
      assert.ok(stream, 'each item has a stream');
      const row = await api.waitFor(await api.add({ url, streamId: stream.id }), 'complete');
      return sha256File(onDisk(row.file?.name ?? ''));
    }),
  );
  assert.equal(hashes, expected);
});

testUnless(test, mediaMissing, 'an HLS stream becomes one file with the same pictures', async () => {
  const { items } = await api.parse(`${site.url}/media/ts/master.m3u8`);
  const [item] = items;
  assert.ok(item && item.streams.length >= 2, 'both renditions are offered');
  const best = item.streams.find(({ quality }) => quality.includes('360'));
  assert.ok(best, 'the 360p rendition has its height in its quality');
  const row = await api.waitFor(await api.add({ url: item.url, streamId: best.id }), 'complete');
  const path = onDisk(row.file?.name ?? '');
  assert.is(await picturesHash(path), await picturesHash(join((await mediaDir()) ?? '', 'clip.mp4')));
  assert.equal(await streamKinds(path), ['audio', 'video']);
});

testUnless(test, mediaMissing, 'an encrypted HLS stream is decrypted with its key', async () => {
  const row = await api.waitFor(await api.add({ url: `${site.url}/media/aes/index.m3u8` }), 'complete');
  const reference = join((await mediaDir()) ?? '', 'clip.mp4');
  assert.is(await picturesHash(onDisk(row.file?.name ?? '')), await picturesHash(reference));
});

testUnless(test, mediaMissing, 'a live stream ends in a clear error', async () => {
  const row = await api.waitFor(await api.add({ url: `${site.url}/live/ts/high.m3u8` }), 'error');
  assert.is(row.error?.code, 'live_stream');
});

test('pause keeps the bytes, resume goes on from them', async () => {
  const id = await api.add({ url: slowFile('pause.bin', 71) });
  await api.waitUntil(id, '8 MiB', ({ receivedBytes }) => receivedBytes > 8 * MIB);
  await api.act(id, 'pause');
  const paused = await api.waitFor(id, 'paused');
  assert.ok(paused.receivedBytes >= 8 * MIB);
  assert.is(paused.bytesPerSecond, null);
  const before = site.asked.length;
  site.unthrottle('/file/pause.bin');
  await api.act(id, 'resume');
  const row = await api.waitFor(id, 'complete');
  assert.is(await sha256File(onDisk(row.file?.name ?? '')), sha256Of(71, 40 * MIB));
  // A probe of the address may begin at 0; requests for content have If-Range.
  const written = site.asked.slice(before).filter(({ url, ifRange }) => url.includes('pause.bin') && ifRange);
  const starts = written.map(({ range }) => Number(/bytes=(\d+)-/.exec(range ?? '')?.[1]));
  assert.ok(
    starts.length > 0 && !starts.includes(0),
    `it asks for what is missing only: ${starts.join(', ')}`,
  );
});

test('cancel stops a download, and retry begins a new attempt', async () => {
  const id = await api.add({ url: slowFile('cancel.bin', 72) });
  await api.waitUntil(id, 'a first byte', ({ receivedBytes }) => receivedBytes > 0);
  await api.act(id, 'cancel');
  const cancelled = await api.waitFor(id, 'cancelled');
  assert.ok(cancelled.finishedAt);
  const refused = await api.call<{ code: string }>('POST', `/api/downloads/${id}/pause`, {});
  assert.is(refused.status, 409);
  assert.is(refused.body.code, 'wrong_state');
  await api.act(id, 'retry');
  const again = await api.waitFor(id, 'download', 'complete');
  assert.is(again.attempt, 2);
  site.unthrottle('/file/cancel.bin');
  await api.waitFor(id, 'complete');
  assert.is(await sha256File(onDisk('cancel.bin')), sha256Of(72, 40 * MIB));
});

test('remove deletes a running download with its work files; a finished file is kept unless requested', async () => {
  const running = await api.add({ url: slowFile('gone.bin', 73) });
  await api.waitUntil(running, 'a first byte', ({ receivedBytes }) => receivedBytes > 0);
  await api.expect(204, 'DELETE', `/api/downloads/${running}`);
  assert.is((await api.call('GET', `/api/downloads/${running}`)).status, 404);
  assert.not(existsSync(onDisk('gone.bin')));
  assert.not(existsSync(onDisk(`.sluice/${running}`)));

  const kept = await api.waitFor(await api.add({ url: `${site.url}/file/kept.bin` }), 'complete');
  await api.expect(204, 'DELETE', `/api/downloads/${kept.id}`);
  assert.ok(existsSync(onDisk('kept.bin')));
  const dropped = await api.waitFor(await api.add({ url: `${site.url}/file/dropped.bin` }), 'complete');
  await api.expect(204, 'DELETE', `/api/downloads/${dropped.id}?file=delete`);
  assert.not(existsSync(onDisk('dropped.bin')));
});

test('two downloads with the same name both keep their bytes', async () => {
  const url = (seed: number): string => `${site.url}/file/same.bin?size=20000&seed=${seed}`;
  const rows = await Promise.all(
    [81, 82].map(async (seed) => api.waitFor(await api.add({ url: url(seed) }), 'complete')),
  );
  assert.equal(rows.map(({ file }) => file?.name).sort(), ['same (2).bin', 'same.bin']);
  const hashes = await Promise.all(rows.map(({ file }) => sha256File(onDisk(file?.name ?? ''))));
  assert.equal(hashes, [sha256Of(81, 20_000), sha256Of(82, 20_000)]);
});

test('a transient failure of the site is retried automatically', async () => {
  const url = `${site.url}/file/flaky.bin?size=300000&seed=83&fault=status=503&times=1`;
  const row = await api.waitFor(await api.add({ url }), 'complete');
  assert.is(await sha256File(onDisk(row.file?.name ?? '')), sha256Of(83, 300_000));
});

test('a missing file is an error at once, with a code', async () => {
  const row = await api.waitFor(await api.add({ url: `${site.url}/nowhere.mp4` }), 'error');
  assert.is(row.error?.code, 'remote_not_found');
  assert.is(row.attempt, 1);
});

for (const [what, url, code] of [
  ['a word', 'hello', 'invalid_url'],
  ['a file address', 'file:///etc/passwd', 'unsupported_scheme'],
  ['an option', '--exec=touch x', 'invalid_url'],
  ['an address of 9 kB', `http://127.0.0.1/${'a'.repeat(9000)}`, 'url_too_long'],
] as const) {
  test(`${what} is refused by the add, and nothing is started`, async () => {
    const answer = await api.call<{ code: string }>('POST', '/api/downloads', { url });
    assert.is(answer.status, 400);
    assert.is(answer.body.code, code);
    assert.match(answer.headers.get('content-type') ?? '', 'application/problem+json');
  });
}

test('a private address that is not allowed is refused', async () => {
  const answer = await api.call<{ id: string; code: string }>('POST', '/api/downloads', {
    url: 'http://10.1.2.3/x.mp4',
  });
  const code =
    answer.status === 202 ? (await api.waitFor(answer.body.id, 'error')).error?.code : answer.body.code;
  assert.is(code, 'address_refused');
});

test('a redirect to a private address that is not allowed is refused', async () => {
  const to = encodeURIComponent('http://169.254.169.254/latest/meta-data');
  const row = await api.waitFor(await api.add({ url: `${site.url}/redirect?to=${to}` }), 'error');
  assert.is(row.error?.code, 'address_refused');
});

test('one session does not see the downloads of another', async () => {
  const [mine] = await api.list();
  const stranger = await server.session();
  assert.equal(await stranger.list(), []);
  assert.is((await stranger.call('GET', `/api/downloads/${mine?.id}`)).status, 404);
  assert.is((await stranger.call('GET', `/api/downloads/${mine?.id}/file`)).status, 404);
  assert.is((await stranger.call('DELETE', `/api/downloads/${mine?.id}`)).status, 404);
});

test('a command id acts once', async () => {
  const body = { url: `${site.url}/file/once.bin?size=1000`, commandId: 'once-1' };
  const [first, second] = [await api.add(body), await api.add(body)];
  assert.is(first, second);
  const other = await api.call<{ code: string }>('POST', '/api/downloads', { ...body, url: `${site.url}/x` });
  assert.is(other.status, 409);
  assert.is(other.body.code, 'command_conflict');
});

test.run();
