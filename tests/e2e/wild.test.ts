/** Rows of tests/wild through the whole server: what the API, the runner and the download folder make of them. */
import { globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Api } from '../support/api.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { waitFor } from '../support/wait.ts';
import { response, startWildOrigin, type WildOrigin } from '../wild/origin.ts';

let origin: WildOrigin;
let server: TestServer;
let api: Api;

test.before(async () => {
  origin = await startWildOrigin();
  server = await startServer({ env: { SLUICE_ENGINES: 'http' } });
  api = await server.session();
});
test.after(async () => {
  await server.stop();
  await origin.close();
});

const onDisk = (name = ''): string => join(server.place.downloadDir, name);

test('an address without a scheme is complete by http, under its UTF-8 name, as old as on its server', async () => {
  const head =
    'Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename="überßicht.bin"\r\n' +
    'Last-Modified: Wed, 21 Oct 2015 07:28:00 GMT';
  const url = origin.serve('/plain', response(head, 'plain')).replace('http://', '');
  const row = await api.waitFor(await api.add({ url }), 'complete');
  assert.equal(row.file, { name: 'überßicht.bin', bytes: 5 });
  assert.is(statSync(onDisk('überßicht.bin')).mtime.toISOString(), '2015-10-21T07:28:00.000Z');
  const served = await fetch(`${server.url}/api/downloads/${row.id}/file`, {
    headers: { authorization: `Bearer ${api.token}` },
  });
  assert.is(await served.text(), 'plain');
});

test('a video that needs the cookie of its page is complete under the listed title, for the session that listed it', async () => {
  origin.serve('/film.mp4', ({ headers }) =>
    headers.get('cookie') === 'key=1' && headers.get('referer') === `${origin.url}/film`
      ? response('Content-Type: video/mp4', 'film')
      : 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n',
  );
  const html = '<title>A film: 下载</title><video src=/film.mp4>';
  const page = origin.serve('/film', response('Content-Type: text/html\r\nSet-Cookie: key=1', html));
  const { items } = await api.parse(page);
  const [item] = items;
  assert.is(item?.title, 'A film: 下载');
  const url = item?.url ?? '';
  const stranger = await server.session();
  const refused = await stranger.waitFor(await stranger.add({ url, engine: 'http' }), 'error');
  assert.is(refused.error?.code, 'remote_denied');
  const row = await api.waitFor(await api.add({ url }), 'complete');
  assert.equal([row.title, row.file?.name], ['A film: 下载', 'A film_ 下载.mp4']);
  assert.is(readFileSync(onDisk(row.file?.name), 'utf8'), 'film');
  const direct = await api.waitFor(await api.add({ url: page }), 'complete');
  assert.is(direct.file?.name, 'A film_ 下载 (2).mp4');
  // Work dirs are removed after the file is complete.
  const isGone = (): boolean => globSync('*/cookies.json', { cwd: onDisk('.sluice') }).length === 0;
  await waitFor(isGone, { what: 'the cookies to be gone' });
});

test('what is not HTTP ends at the first attempt, and says so', async () => {
  const url = origin.serve('/ssh', 'SSH-2.0-OpenSSH_9.2\r\n');
  const row = await api.waitFor(await api.add({ url }), 'error');
  assert.equal([row.error?.code, row.attempt], ['not_http', 1]);
  const empty = origin.serve('/empty', 'HTTP/1.1 204 No Content\r\n\r\n');
  const none = await api.waitFor(await api.add({ url: empty }), 'error');
  assert.equal([none.error?.code, none.attempt], ['remote_status', 1]);
});

test('volumes of a split archive are numbered before their number', async () => {
  const url = origin.serve('/backup.7z.001', response('Content-Type: application/octet-stream', 'one'));
  await api.waitFor(await api.add({ url }), 'complete');
  const row = await api.waitFor(await api.add({ url }), 'complete');
  assert.is(row.file?.name, 'backup.7z (2).001');
});

test.run();
