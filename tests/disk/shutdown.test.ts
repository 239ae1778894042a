/** SIGTERM to the built server at the worst time: clients are notified, engines ended, all is stored, within 10 s. */
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import WebSocket from 'ws';
import { type Site, startSite } from '../site/site.ts';
import { processesOf } from '../support/processes.ts';
import { makePlace, sluiceEnv, startServer } from '../support/server.ts';
import { waitFor } from '../support/wait.ts';

const MIB = 1024 * 1024;
/** Contract: from SIGTERM to the exit. */
const STOP_MS = 10_000;
let site: Site;
test.before(async () => {
  site = await startSite();
});
test.after(() => site.close());

/** A lux that prints its bar, ignores all signals but SIGKILL, and has such a child process. */
const STUBBORN = `#!/bin/sh
case "$1" in -v|--version) echo "lux: version v0.24.1, a fast and simple video downloader."; exit 0;; esac
trap '' INT TERM HUP QUIT PIPE
( trap '' INT TERM HUP QUIT PIPE; while :; do sleep 1; done ) &
while :; do printf ' 1.00 MiB / 9.00 MiB [=>---] 11.11%% p/s 1.00 MiB\\r' >&2; sleep 0.2; done
`;

test('SIGTERM closes sockets with 1012, ends an engine that ignores signals, stores all, and exits with 0 within 10 s', async () => {
  const place = makePlace();
  const bin = join(place.dir, 'bin');
  const { PATH = '' } = sluiceEnv(place);
  mkdirSync(bin);
  writeFileSync(join(bin, 'lux'), STUBBORN);
  chmodSync(join(bin, 'lux'), 0o755);
  const env = { PATH: `${bin}:${PATH}`, SLUICE_ENGINES: 'http,lux' };
  const server = await startServer({ place, env });
  const api = await server.session();
  const url = (name: string): string =>
    `${site.url}/file/${name}.mp4?size=${32 * MIB}&rate=${MIB}&type=video/mp4`;
  const stubborn = await api.add({ url: url('stubborn'), engine: 'lux' });
  const plain = await api.add({ url: url('plain'), engine: 'http' });
  await api.waitUntil(plain, 'bytes', ({ receivedBytes }) => receivedBytes > MIB);
  await waitFor(() => processesOf(place.dir).some((line) => line.includes('/lux')), {
    what: 'the engine to run',
  });
  await api.waitFor(stubborn, 'download');

  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/api/channel`, 'sluice.v1', {
    headers: { authorization: `Bearer ${api.token}` },
  });
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  await new Promise((resolve) => socket.once('open', resolve));
  socket.send('{"type":"hello"}');
  await new Promise((resolve) => socket.once('message', resolve));

  const startedAt = performance.now();
  const exit = server.stop();
  assert.is(await closed, 1012);
  assert.is(await exit, 0);
  const stopMs = performance.now() - startedAt;
  console.log(`stopped in ${Math.round(stopMs)} ms`);
  assert.ok(stopMs < STOP_MS, `it took ${stopMs} ms`);
  assert.equal(processesOf(place.dir), [], 'nothing of the engine lives');
  assert.equal(
    readdirSync(place.dataDir).filter((name) => /-wal$|-shm$/.test(name)),
    [],
    'the WAL is in the store',
  );

  const second = await startServer({ place, env: { SLUICE_ENGINES: 'http' } });
  try {
    const row = await api.at(second.url).waitFor(plain, 'download', 'complete');
    assert.is(row.attempt, 1);
    await api.at(second.url).act(plain, 'cancel');
  } finally {
    await second.stop();
    place.remove();
  }
});

test.run();
