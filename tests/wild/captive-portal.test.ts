/**
 * A captive portal answers each address of http with its page, in place of every server: downloads wait for the login. What one
 * server says by itself is never taken for that.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createGuard } from '#lib/guard/guard.server.ts';
import { parseAllowPrivate } from '#lib/guard/policy.ts';
import { response, startWildOrigin } from './origin.ts';
import { openWildKit, type WildKit } from './outcome.ts';

const guard = createGuard({ allowPrivate: parseAllowPrivate('127.0.0.1,127.0.0.2,127.0.0.3') });
const [second, portal] = [await startWildOrigin('127.0.0.2'), await startWildOrigin('127.0.0.3')];
const page = (title: string, more = ''): Buffer =>
  response('Content-Type: text/html', `<title>${title}</title><form>Room number</form><p>${more}</p>`);
const redirect = (to: string): Buffer => response(`HTTP/1.1 302 Found\r\nLocation: ${to}`);
let count = 0;

/** What becomes of a file of each of two sites, asked for at once, where they send this. */
async function both(kit: WildKit, one: Buffer, two: Buffer): Promise<string[]> {
  const path = `/file-${++count}.zip`;
  const urls = [kit.origin.serve(path, one), second.serve(path, two)];
  return (await Promise.all(urls.map((url) => kit.download(url)))).map(({ state }) => state);
}

async function withKit(body: (kit: WildKit) => Promise<void>): Promise<void> {
  const kit = await openWildKit({ guard });
  try {
    await body(kit);
  } finally {
    await kit.close();
  }
}

test('the same page from two sites is a portal: both wait, and so does the next, until it sends the file', () =>
  withKit(async (kit) => {
    assert.equal(await both(kit, page('Hotel', 'a.test/1'), page('Hotel', 'other.test/file/1')), [
      'network_login',
      'network_login',
    ]);
    const url = second.serve('/next.zip', page('Hotel', 'next'));
    assert.is((await kit.download(url)).state, 'network_login');
    second.serve('/next.zip', response('Content-Type: application/zip', 'file'));
    assert.is((await kit.download(url)).state, 'complete');
  }));

test('the redirects of two sites to one host are a portal, whatever its pages say', () =>
  withKit(async (kit) => {
    const login = [portal.serve('/1', page('One')), portal.serve('/2', page('Two', 'more'.repeat(50)))];
    assert.equal(await both(kit, redirect(login[0] ?? ''), redirect(login[1] ?? '')), [
      'network_login',
      'network_login',
    ]);
  }));

test('the redirects of two sites to one private address are a portal', () =>
  withKit(async (kit) => {
    const to = redirect('http://192.168.77.1/login');
    assert.equal(await both(kit, to, to), ['network_login', 'network_login']);
  }));

test('a page of one site, however often, is its own', () =>
  withKit(async (kit) => {
    const urls = [1, 2, 3].map((n) => kit.origin.serve(`/own-${n}.zip`, page('Log in')));
    const states = (await Promise.all(urls.map((url) => kit.download(url)))).map(({ state }) => state);
    assert.equal(states, ['no_media', 'no_media', 'no_media']);
  }));

test('unlike pages of two sites are their own', () =>
  withKit(async (kit) => {
    assert.equal(await both(kit, page('Gone'), page('Members')), ['no_media', 'no_media']);
    assert.equal(await both(kit, page('Log in'), page('Log in', 'other words '.repeat(30))), [
      'no_media',
      'no_media',
    ]);
  }));

test('of one download alone, a site that has sent a file before is asked: its same page is a portal', () =>
  withKit(async (kit) => {
    const alone = (name: string): Promise<string> =>
      kit.download(kit.origin.serve(name, page('Log in', name))).then(({ state }) => state);
    second.serve('/', page('Log in', '/'));
    assert.is(await alone('/first.zip'), 'no_media', 'none is known');
    const file = second.serve('/known.zip', response('Content-Type: application/zip', 'file'));
    assert.is((await kit.download(file)).state, 'complete');
    assert.is(await alone('/alone.zip'), 'network_login');
  }));

test('of one download alone, the other page of a site that has sent a file before says that its own is meant', () =>
  withKit(async (kit) => {
    const file = second.serve('/known-2.zip', response('Content-Type: application/zip', 'file'));
    assert.is((await kit.download(file)).state, 'complete');
    second.serve('/', page('Welcome'));
    const own = kit.origin.serve('/alone-2.zip', page('Log in'));
    assert.is((await kit.download(own)).state, 'no_media');
    // Asked once: the second failure soon after is final without a request.
    second.serve('/', page('Log in'));
    assert.is((await kit.download(own)).state, 'no_media');
  }));

test.after(async () => {
  await second.close();
  await portal.close();
});

test.run();
