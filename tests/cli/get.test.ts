import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DownloadView } from '#lib/protocol/download.ts';
import { processesOf } from '../support/processes.ts';
import { makePlace, type Place, PROJECT, sluiceEnv } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { settles, waitFor } from '../support/wait.ts';

const test = suite('get');
let site: Server;
let place: Place;

/** Announces 1 MB, sends 100 kB, and never the rest. */
test.before(async () => {
  site = createServer((request, response) => {
    if (request.url?.startsWith('/gone/')) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-length': 1_000_000, 'content-type': 'application/octet-stream' });
    if (request.method === 'HEAD') response.end();
    else response.write(Buffer.alloc(100_000));
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  place = makePlace();
});
test.after(() => {
  site.closeAllConnections();
  site.close();
  place.remove();
});

const addressOf = (name: string): string =>
  `http://127.0.0.1:${(site.address() as AddressInfo).port}/${name}`;
const spawnGet = (...args: string[]) =>
  spawn(process.execPath, [join(PROJECT, 'bin/sluice.js'), 'get', ...args], {
    // Its temporary state dir is made there.
    env: sluiceEnv(place, { TMPDIR: place.home }),
    stdio: ['ignore', 'pipe', 'inherit'],
  });

test('Ctrl+C cancels all running downloads, shows that, and leaves nothing behind', async () => {
  const child = spawnGet(addressOf('a.bin'), addressOf('b.bin'), '--json');
  const exited = once(child, 'exit');
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const rows = (): DownloadView[] =>
    text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as DownloadView);
  const moving = () => new Set(rows().flatMap(({ id, receivedBytes }) => (receivedBytes > 0 ? [id] : [])));
  await waitFor(() => moving().size === 2, { what: 'both downloads to move' });
  child.kill('SIGINT');
  assert.equal(await settles(exited, { what: 'the exit' }), [1, null]);
  const ends = new Map(rows().map(({ id, state }) => [id, state]));
  assert.equal([...ends.values()], ['cancelled', 'cancelled']);
  assert.equal(readdirSync(place.downloadDir), []);
  assert.equal(readdirSync(place.home), []);
});

test('a failed download leaves nothing behind', async () => {
  const child = spawnGet(addressOf('gone/a.bin'), '--json');
  const exited = once(child, 'exit');
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  assert.equal(await settles(exited, { what: 'the exit' }), [1, null]);
  assert.match(text, /"state":"error"/);
  assert.equal(readdirSync(place.downloadDir), []);
  assert.equal(readdirSync(place.home), []);
});

test('it ends when its output is no longer read, and leaves nothing behind', async () => {
  const child = spawnGet(addressOf('c.bin'), '--json');
  const exited = once(child, 'exit');
  await settles(once(child.stdout, 'data'), { what: 'the first line' });
  child.stdout.destroy();
  assert.equal(await settles(exited, { what: 'the exit' }), [1, null]);
  assert.equal(readdirSync(place.downloadDir), []);
  assert.equal(readdirSync(place.home), []);
});

const FULL = '/dev/full';
testUnless(
  test,
  existsSync(FULL) ? null : `${FULL} is not there: it needs Linux`,
  'it ends with one line on stderr when its output cannot be written, and leaves nothing behind',
  async () => {
    const full = openSync(FULL, 'w');
    const child = spawn(process.execPath, [join(PROJECT, 'bin/sluice.js'), 'get', addressOf('d.bin')], {
      env: sluiceEnv(place, { TMPDIR: place.home }),
      stdio: ['ignore', full, 'pipe'],
    });
    closeSync(full);
    let stderr = '';
    child.stderr!.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
    assert.equal(await settles(once(child, 'close'), { what: 'the exit' }), [1, null]);
    assert.is(stderr, 'sluice: the output cannot be written (ENOSPC).\n');
    assert.equal(readdirSync(place.downloadDir), []);
    assert.equal(readdirSync(place.home), []);
  },
);

/** A lux that ignores every signal but SIGKILL, which is sent seconds after the first Ctrl+C. */
const STUBBORN = `#!/bin/sh
case "$1" in -v|--version) echo "lux: version v0.24.1, a fast and simple video downloader."; exit 0;; esac
trap '' INT TERM HUP
while :; do sleep 0.2; done
`;

test('a second Ctrl+C ends it at once, and still removes its temporary state dir', async () => {
  const bin = join(place.dir, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'lux'), STUBBORN, { mode: 0o755 });
  const { PATH = '' } = sluiceEnv(place);
  const args = [join(PROJECT, 'bin/sluice.js'), 'get', addressOf('e.mp4'), '--engine', 'lux'];
  const child = spawn(process.execPath, args, {
    env: sluiceEnv(place, { TMPDIR: place.home, PATH: `${bin}:${PATH}`, SLUICE_ENGINES: 'lux' }),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = once(child, 'exit');
  const isAtWork = () => processesOf(place.dir).some((line) => /\/lux .*-F /.test(line));
  await waitFor(isAtWork, { what: 'the engine to work' });
  const isEndedByCtrlC = () => {
    child.kill('SIGINT');
    return child.exitCode !== null || child.signalCode !== null;
  };
  await waitFor(isEndedByCtrlC, { what: 'an end by Ctrl+C' });
  const [code, signal] = (await exited) as [number | null, NodeJS.Signals | null];
  // While Node tears a process down, one more Ctrl+C has its usual effect.
  assert.ok(code === 1 || signal === 'SIGINT', `${code} ${signal}`);
  assert.equal(readdirSync(place.home), []);
});

test.run();
