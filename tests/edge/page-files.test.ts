/** The page's own files, which SvelteKit's file server sends: what it throws at, and what it leaves open. */
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { noProc } from '../process/machine.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { settles, waitFor } from '../support/wait.ts';
import { ask } from './ask.ts';

let server: TestServer;

test.before(async () => {
  server = await startServer();
});
test.after(async () => {
  await (server as TestServer | undefined)?.stop();
});

test('a range of a file of the page, whatever it says, is the whole file, and the server lives on', async () => {
  const whole = await ask(server.url, '/_app/version.json');
  for (const range of ['bytes=5-1', 'bytes=1-0', 'bytes=-', 'bytes=x', 'bytes=9999999-', 'bytes=-5', 'x']) {
    for (const method of ['GET', 'HEAD', 'PROPFIND']) {
      const { status, body } = await ask(server.url, '/_app/version.json', { method, headers: { range } });
      assert.ok(status < 500, `${method} ${range} ${status}`);
      if (method === 'GET') assert.equal([status, body.length], [200, whole.body.length], range);
    }
  }
  assert.is((await ask(server.url, '/healthz')).status, 200);
});

testUnless(test, noProc, 'a file of the page that nobody waits for any more is closed', async () => {
  const page = (await ask(server.url, '/')).body.toString();
  const [path = ''] = /\/_app\/immutable\/[\w./-]+\.js/.exec(page) ?? [];
  const open = (): number => readdirSync(`/proc/${server.pid}/fd`).length;
  const before = open();
  for (let n = 0; n < 150; n++) {
    const leaving = connect(server.port, '127.0.0.1');
    leaving.on('error', () => {});
    leaving.write(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${server.port}\r\n\r\n`);
    // Some leave before the answer, some in it.
    if (n % 2 === 0) await settles(once(leaving, 'data'));
    else await settles(once(leaving, 'connect'));
    leaving.resetAndDestroy();
  }
  await waitFor(() => open() <= before + 5, {
    what: `${open() - before} files to be closed`,
    deadlineMs: 10_000,
  });
});

test.run();
