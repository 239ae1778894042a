/**
 * A hotel's or a login portal's answer in place of a file (RFC 6585 section 6, RFC 8952): it waits as for a network. A first
 * look at an address is never guessed at, and what a server says itself is no portal's.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createGuard } from '#lib/guard/guard.server.ts';
import { parseAllowPrivate } from '#lib/guard/policy.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import { explainAsPortal, PageInstead, portalError } from '#lib/annie/http/failure/portal.ts';
import { codeOf, freshDir, jobFor } from '../annie/http/kit.ts';
import { response, startWildOrigin } from './origin.ts';
import { openWildKit } from './outcome.ts';

const kit = await openWildKit({
  guard: createGuard({ allowPrivate: parseAllowPrivate('127.0.0.1,127.0.0.2') }),
});
const { origin } = kit;
const portal = await startWildOrigin('127.0.0.2');
const LOGIN = response('Content-Type: text/html', '<title>Welcome</title><form>Room number</form>');
const BODY = Buffer.alloc(200_000, 'file ');
const HEAD = 'Content-Type: application/zip\r\nETag: "one"';

const redirect = (to: string): Buffer => response(`HTTP/1.1 302 Found\r\nLocation: ${to}`);

let files = 0;
/** A file of which half has been fetched. */
async function begun(): Promise<{ path: string; url: string; workDir: string }> {
  const path = `/begun-${++files}.zip`;
  const part = `HTTP/1.1 206 Partial Content\r\n${HEAD}\r\nContent-Range: bytes 0-199999/200000\r\nContent-Length: 200000\r\n\r\n`;
  const url = origin.serve(path, ({ count }) =>
    count <= 2 ? Buffer.concat([Buffer.from(part), BODY.subarray(0, 100_000)]) : null,
  );
  const workDir = await freshDir();
  const first = await kit.download(url, { workDir });
  assert.is(first.state, 'connection_lost');
  // What had not left the socket when it was closed is lost.
  const { size } = await stat(join(workDir, 'http-body'));
  return size > 0 ? { path, url, workDir } : begun();
}

async function resumed(answer: Buffer): Promise<[state: string, message: string]> {
  const { path, url, workDir } = await begun();
  origin.serve(path, answer);
  const { state, message } = await kit.download(url, { workDir });
  // When somebody has logged in, it goes on from its bytes.
  let from = '';
  origin.serve(path, ({ headers }) => {
    from = headers.get('range') ?? '';
    const start = Number(/\d+/.exec(from)?.[0] ?? 0);
    return response(
      `HTTP/1.1 206 Partial Content\r\n${HEAD}\r\nContent-Range: bytes ${start}-199999/200000`,
      BODY.subarray(start),
    );
  });
  const whole = await kit.download(url, { workDir });
  assert.equal([whole.state, whole.body.equals(BODY)], ['complete', true]);
  assert.match(from, /^bytes=[1-9]/);
  return [state, message];
}

test('511 Network Authentication Required waits as for a network, for a first look too', async () => {
  const url = origin.serve('/511.zip', response('HTTP/1.1 511 Network Authentication Required', 'Log in'));
  const saved = await kit.download(url);
  assert.equal([saved.state, saved.name], ['network_login', '']);
  assert.is(await kit.list(url), 'network_login');
  assert.is((await resumed(response('HTTP/1.1 511 Network Authentication Required')))[0], 'network_login');
});

test('a page of another site in place of the rest of a file waits as for a network', async () => {
  const [state, message] = await resumed(redirect(portal.serve('/login', LOGIN)));
  assert.is(state, 'network_login');
  assert.match(message, /^A login page answered in place of 127\.0\.0\.1:\d+; next try in 30 s\.$/);
});

test('a redirect of a file that is begun to a private address waits as for a network', async () => {
  const { path, url, workDir } = await begun();
  origin.serve(path, redirect('http://127.0.0.3/login'));
  // The runner knows what a look at the address means; this is the engine's part.
  const job = jobFor(url, workDir);
  assert.is(await codeOf(kit.engine.download(job)), 'network_login');
  assert.is(await codeOf(kit.engine.download(jobFor(url, await freshDir()))), 'address_refused');
});

test('a page of the same server in place of the rest is its own login', async () => {
  assert.is((await resumed(LOGIN))[0], 'login_required');
  const same = origin.serve('/login', LOGIN);
  assert.is((await resumed(redirect(same)))[0], 'login_required');
});

test('a first look at an address is never taken for a portal', async () => {
  const page = origin.serve('/first.zip', redirect(portal.serve('/login', LOGIN)));
  assert.is((await kit.download(page)).state, 'no_media');
  const secret = origin.serve('/second.zip', redirect('http://127.0.0.3/login'));
  assert.is((await kit.download(secret)).state, 'address_refused');
});

test('a portal cannot answer for https, except by a certificate that is not trusted', () => {
  const page = (asked: string, answered: string): unknown =>
    explainAsPortal(new PageInstead(asked, new URL(answered)), asked);
  const viewOf = (thrown: unknown): string => (thrown instanceof SluiceError ? thrown.code : 'none');
  assert.is(viewOf(page('https://a.test/f.zip', 'https://login.other.test/')), 'login_required');
  assert.is(viewOf(page('http://a.test/f.zip', 'http://login.hotel.example/')), 'network_login');
  assert.is(viewOf(page('http://files.a.test/f.zip', 'https://login.a.test/')), 'login_required');
  assert.is(viewOf(explainAsPortal(new SluiceError('tls_failed'), 'https://a.test/f.zip')), 'network_login');
  assert.is(
    viewOf(explainAsPortal(new SluiceError('remote_denied'), 'https://a.test/f.zip')),
    'remote_denied',
  );
});

test("a portal is everybody's only where it cannot be the site itself", () => {
  assert.equal(portalError('a.test:80', true, 7).away, { since: 7, host: 'a.test:80', everyone: true });
  assert.equal(portalError('a.test:80', false, 7).away, { since: 7, host: 'a.test:80' });
  assert.is(portalError('a.test:80', false).retryAfterMs, 30_000);
});

test.after(async () => {
  await portal.close();
  await kit.close();
});

test.run();
