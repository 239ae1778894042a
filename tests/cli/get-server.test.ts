/** `sluice get --server` when the server goes away. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DownloadView } from '#lib/protocol/download.ts';
import { makePlace, type Place, PROJECT, sluiceEnv, startServer } from '../support/server.ts';
import { settles, waitFor } from '../support/wait.ts';

const test = suite('get --server');
let site: Server;
let place: Place;
/** Enough for the engine to tell the type. */
const START = Buffer.alloc(4096, 1);
/** Responses whose end waits for `release`; null once it was called. */
let held: ServerResponse[] | null = [];

test.before.each(async () => {
  held = [];
  site = createServer((request, response) => {
    response.writeHead(200, {
      'content-length': START.length + 4,
      'content-type': 'application/octet-stream',
    });
    if (request.method === 'HEAD') response.end();
    else if (held === null) response.end(Buffer.concat([START, Buffer.from('here')]));
    else {
      response.write(START);
      held.push(response);
    }
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  place = makePlace();
});
test.after.each(() => {
  site.closeAllConnections();
  site.close();
  place.remove();
});

const addressOf = (name: string): string =>
  `http://127.0.0.1:${(site.address() as AddressInfo).port}/${name}`;

function release(): void {
  for (const response of held ?? []) response.end('here');
  held = null;
}

interface Running {
  child: ChildProcess;
  exited: Promise<[code: number | null, signal: NodeJS.Signals | null]>;
  stderr: () => string;
  rows: () => DownloadView[];
}

function spawnGet(server: string, urls: string[]): Running {
  const args = [join(PROJECT, 'bin/sluice.js'), 'get', ...urls, '--server', server, '--json'];
  const child = spawn(process.execPath, args, { env: sluiceEnv(place), stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text.stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text.stderr += chunk));
  return {
    child,
    exited: once(child, 'close') as Running['exited'],
    stderr: () => text.stderr,
    rows: () =>
      text.stdout
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as DownloadView),
  };
}

test('it learns the outcome of more downloads than fit into a snapshot, though they ended while it was disconnected', async () => {
  const urls = Array.from({ length: 150 }, (_, index) => addressOf(`file-${index}.bin`));
  const env = { SLUICE_ENGINES: 'http', SLUICE_MAX_ACTIVE: '20', SLUICE_MAX_ACTIVE_PER_SESSION: '20' };
  const first = await startServer({ place, env });
  const { child, exited, rows, stderr } = spawnGet(first.url, urls);
  let server = first;
  try {
    await waitFor(() => new Set(rows().map(({ id }) => id)).size === urls.length, {
      what: 'all to be added',
    });
    await first.kill9();
    // On another port, so that all downloads have ended when the command reconnects.
    server = await startServer({ place, env });
    release();
    const files = () => readdirSync(place.downloadDir).filter((name) => name.endsWith('.bin'));
    await waitFor(() => files().length === urls.length, { what: 'all files', deadlineMs: 120_000 });
    await server.stop();
    server = await startServer({ place, env, port: first.port });
    assert.equal(await settles(exited, { what: 'the exit' }), [0, null], stderr());
    const ends = new Map(rows().map(({ id, state }) => [id, state]));
    assert.equal(new Set(ends.values()), new Set(['complete']));
    assert.is(ends.size, urls.length);
  } finally {
    child.kill('SIGKILL');
    await server.stop();
  }
});

test('Ctrl+C ends it when the server is gone, and it says that the downloads may go on', async () => {
  const server = await startServer({ place, env: { SLUICE_ENGINES: 'http' } });
  const { child, exited, rows, stderr } = spawnGet(server.url, [addressOf('a.bin'), addressOf('b.bin')]);
  try {
    await waitFor(() => new Set(rows().map(({ id }) => id)).size === 2, { what: 'both to be added' });
    await server.kill9();
    await waitFor(() => /connection to \S+ is lost/.test(stderr()), { what: 'the loss to be said' });
    child.kill('SIGINT');
    assert.equal(await settles(exited, { what: 'the exit' }), [1, null]);
    assert.match(stderr(), /cannot be reached.* may go on/);
    assert.is(stderr().match(/is lost/g)?.length, 1);
    const ends = new Map(rows().map(({ id, state, error }) => [id, `${state} ${error?.code}`]));
    assert.equal([...ends.values()], ['error connect_failed', 'error connect_failed']);
  } finally {
    child.kill('SIGKILL');
  }
});

test.run();
