/** What a job keeps between its requests, as a browser would: cookies, the page it came from, redirects, times. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Cookies } from '#lib/annie/http/client/cookies.server.ts';
import { FoundMedia } from '#lib/annie/http/memory/found-media.ts';
import { refererFor } from '#lib/annie/http/client/referer.ts';
import { TypedAddresses } from '#lib/annie/http/memory/typed-addresses.ts';
import { withScheme } from '#lib/protocol/url.ts';
import { freshDir } from '../annie/http/kit.ts';
import { response, startWildOrigin, type WildRequest } from './origin.ts';
import { openWildKit } from './outcome.ts';

let session: string | null = 'one';
const typed = new TypedAddresses(() => session);
const kit = await openWildKit({ caller: () => session, typed });
const { origin } = kit;
/** The same site under another port: another origin. */
const other = await startWildOrigin();

const OCTETS = 'Content-Type: application/octet-stream';
const DENIED = 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n';
const cookieOf = ({ headers }: WildRequest): string => headers.get('cookie') ?? '';
const rangeOf = ({ headers }: WildRequest): RegExpExecArray | null =>
  /^bytes=(\d+)-(\d*)$/.exec(headers.get('range') ?? '');
const refererOf = ({ headers }: WildRequest): string => headers.get('referer') ?? '';

/** 206 with what is requested, of which no more than `most` bytes are sent before the connection ends. */
function partOf(body: Buffer, request: WildRequest, most = Infinity): Buffer {
  const [, first = '0', last = ''] = rangeOf(request) ?? [];
  const [from, end] = [Number(first), last === '' ? body.length : Number(last) + 1];
  const head =
    `HTTP/1.1 206 Partial Content\r\nContent-Type: video/mp4\r\nETag: "1"\r\nContent-Length: ${end - from}` +
    `\r\nContent-Range: bytes ${from}-${end - 1}/${body.length}`;
  return response(head, body.subarray(from, Math.min(end, from + most)));
}

test('a redirect to itself that sets a cookie ends at the file', async () => {
  const url = origin.serve('/itself', (request) =>
    cookieOf(request) === 'ok=1'
      ? response(OCTETS, 'file')
      : response('HTTP/1.1 302 Found\r\nSet-Cookie: ok=1; Path=/itself\r\nLocation: /itself'),
  );
  assert.is((await kit.download(url)).body.toString(), 'file');
  assert.is((await kit.list(url)).length, 1);
});

test('the video of a page has its cookies and Referer, added as the page or from the list, and no other job has them', async () => {
  const video = origin.serve('/film.mp4', (request) =>
    /\bkey=\d/.test(cookieOf(request)) && refererOf(request) === `${origin.url}/film?id=1`
      ? response('Content-Type: video/mp4', 'film')
      : DENIED,
  );
  let keys = 0;
  origin.serve('/film', () =>
    response(
      `Content-Type: text/html\r\nSet-Cookie: key=${++keys}; HttpOnly`,
      '<title>Film</title><video src=/film.mp4>',
    ),
  );
  const page = `${origin.url}/film?id=1`;
  assert.equal((await kit.download(page)).body.toString(), 'film');
  assert.is((await kit.download(video)).state, 'remote_denied');
  const items = await kit.list(page);
  assert.is(typeof items === 'string' ? items : items[0]?.url, video);
  const added = await kit.download(video);
  assert.equal([added.state, added.name], ['complete', 'Film.mp4']);
  session = 'two';
  assert.is((await kit.download(video)).state, 'remote_denied');
  session = 'one';
});

test('cookies are kept in the work dir for the next attempt, readable by us alone', async () => {
  let isDown = true;
  const url = origin.serve('/gate', (request) => {
    if (cookieOf(request) === '') return response('HTTP/1.1 302 F\r\nSet-Cookie: pass=1\r\nLocation: /gate');
    return isDown ? response('HTTP/1.1 503 Busy') : response(OCTETS, 'in');
  });
  const workDir = await freshDir();
  // Both look first, without a work dir; the download brings its own cookies.
  assert.is((await kit.download(url, { workDir, engine: 'http' })).state, 'remote_busy');
  assert.is((await stat(join(workDir, 'cookies.json'))).mode & 0o777, 0o600);
  assert.match(await readFile(join(workDir, 'cookies.json'), 'utf8'), /pass/);
  isDown = false;
  const before = origin.requestsFor('/gate').length;
  assert.is((await kit.download(url, { workDir, engine: 'http' })).body.toString(), 'in');
  const [next] = origin.requestsFor('/gate').slice(before);
  assert.is(next && cookieOf(next), 'pass=1');
});

test('cookies stay with their domain, path, scheme and above public suffixes', async () => {
  const of = async (from: string, field: string, to: string): Promise<string | null> => {
    const cookies = new Cookies(null);
    await cookies.receive(new URL(from), [field]);
    return cookies.headerFor(new URL(to));
  };
  const site = 'https://www.shop.example.org/a/b';
  assert.is(await of(site, 'x=1', 'https://www.shop.example.org/a/c'), 'x=1');
  assert.is(await of(site, 'x=1', 'https://shop.example.org/a/c'), null);
  assert.is(await of(site, 'x=1; Domain=example.org; Path=/', 'https://cdn.example.org/'), 'x=1');
  assert.is(await of(site, 'x=1; Domain=org; Path=/', 'https://other.org/'), null);
  assert.is(await of('https://a.github.io/', 'x=1; Domain=github.io', 'https://b.github.io/'), null);
  assert.is(await of('https://a.co.uk/', 'x=1; Domain=co.uk', 'https://b.co.uk/'), null);
  assert.is(await of(site, 'x=1; Domain=evil.net; Path=/', 'https://evil.net/'), null);
  assert.is(await of(site, 'x=1; Secure; Path=/', 'http://www.shop.example.org/'), null);
  assert.is(await of(site, 'x=1; Path=/admin', site), null);
  assert.is(await of(site, 'x=1; Max-Age=0', site), null);
  assert.is(await of(site, `x=${'y'.repeat(5000)}`, site), null);
  const many = new Cookies(null);
  for (let i = 0; i < 1000; i++) await many.receive(new URL(site), [`n${i}=1`]);
  await many.receive(new URL(site), ['n0=2']);
  assert.is(many.headerFor(new URL(site))?.split('; ').length, 200);
  assert.match(many.headerFor(new URL(site)) ?? '', /\bn0=2\b/);
});

test('the Referer is the page for its own origin, the origin for others, and nothing without TLS', async () => {
  const page = new URL('https://a.example/p?q=1#part');
  assert.is(refererFor(page, new URL('https://a.example/v.mp4')), 'https://a.example/p?q=1');
  assert.is(refererFor(page, new URL('https://cdn.example/v.mp4')), 'https://a.example/');
  assert.is(refererFor(page, new URL('http://a.example/v.mp4')), null);
  assert.is(refererFor(new URL('http://a.example/p'), new URL('https://b.example/')), 'http://a.example/');
  other.serve('/far.mp4', (request) =>
    refererOf(request) === `${origin.url}/` ? response('Content-Type: video/mp4', 'far') : DENIED,
  );
  const url = origin.serve('/far', response('Content-Type: text/html', `<video src=${other.url}/far.mp4>`));
  assert.is((await kit.download(url)).body.toString(), 'far');
});

test('a large file is requested with cookies and Referer on every connection', async () => {
  // Large enough for the fast path, also after its first connection has ended.
  const body = Buffer.alloc(12 * 1024 * 1024, 'large');
  origin.serve('/large.mp4', (request) =>
    cookieOf(request) === 'big=1' && refererOf(request) === url
      ? partOf(body, request, 3 * 1024 * 1024)
      : DENIED,
  );
  const url = origin.serve(
    '/large',
    response('Content-Type: text/html\r\nSet-Cookie: big=1', '<title>L</title><video src=/large.mp4>'),
  );
  const saved = await kit.download(url);
  assert.is(saved.state, 'complete');
  assert.ok(saved.body.equals(body));
  const later = origin.requestsFor('/large.mp4').filter((request) => Number(rangeOf(request)?.[1]) > 0);
  assert.ok(later.length > 1, `${later.length} connections for the rest`);
  for (const request of origin.requestsFor('/large.mp4'))
    assert.equal([cookieOf(request), refererOf(request)], ['big=1', url]);
});

test('what a look-up found is for its session alone, and forgotten after an hour', () => {
  const found = new FoundMedia();
  const on = { page: 'https://a.example/', title: 'A', setsCookies: false };
  found.record('one', 'https://a.example/v', on, 0);
  assert.is(found.get('one', 'https://a.example/v', 1000)?.title, 'A');
  assert.is(found.get('two', 'https://a.example/v', 1000), null);
  assert.is(found.get('one', 'https://a.example/v', 3_600_000), null);
  for (let i = 0; i < 2_000; i++) found.record('one', `https://b.example/${i}`, on, 0);
  assert.is(found.get('one', 'https://a.example/v', 1000), null);
});

test('twenty redirects are followed, as by browsers, and no more', async () => {
  for (let i = 0; i < 21; i++)
    origin.serve(`/hop-${i}`, response(`HTTP/1.1 302 Found\r\nLocation: /hop-${i + 1}`));
  origin.serve('/hop-21', response(OCTETS, 'there'));
  assert.is((await kit.download(`${origin.url}/hop-1`)).body.toString(), 'there');
  assert.is((await kit.download(`${origin.url}/hop-0`)).state, 'too_many_redirects');
});

test('a name and password in a redirect are sent to its address alone', async () => {
  const login = `Basic ${Buffer.from('ü:p:w').toString('base64')}`;
  const authorizationOf = ({ headers }: WildRequest): string | undefined => headers.get('authorization');
  origin.serve('/private', (request) =>
    authorizationOf(request) === login
      ? response(`HTTP/1.1 302 F\r\nLocation: ${other.url}/public`)
      : response('HTTP/1.1 401 U'),
  );
  other.serve('/public', response(OCTETS, 'in'));
  const address = origin.url.replace('//', '//%C3%BC:p%3Aw@');
  const url = origin.serve('/to-private', response(`HTTP/1.1 302 F\r\nLocation: ${address}/private`));
  assert.is((await kit.download(url)).body.toString(), 'in');
  const sent = [...origin.requestsFor('/to-private'), ...other.requestsFor('/public')].map(authorizationOf);
  assert.equal([...new Set(sent)], [undefined]);
  assert.is((await kit.download(address + '/private')).state, 'invalid_url', 'typed');
});

test('of several Locations the first that is not empty counts', async () => {
  origin.serve('/good', response(OCTETS, 'good'));
  for (const locations of ['Location:\r\nLocation: /good', 'Location: /good\r\nLocation: /bad']) {
    const url = origin.serve('/several', response(`HTTP/1.1 302 F\r\n${locations}`));
    assert.is((await kit.download(url)).body.toString(), 'good');
  }
  const none = origin.serve('/nowhere', response('HTTP/1.1 302 F\r\nLocation:'));
  assert.is((await kit.download(none)).state, 'remote_status');
  assert.ok(origin.requestsFor('/nowhere').length <= 2);
});

for (const way of ['as a file', 'from its page'] as const) {
  test(`a login page at a resume is login_required, and costs no bytes (${way})`, async () => {
    const body = Buffer.alloc(2 * 1024 * 1024, 'part');
    const path = way === 'as a file' ? '/members.mp4' : '/members-2.mp4';
    let phase: 'cut' | 'login' | 'rest' = 'cut';
    const file = origin.serve(path, (request) => {
      const from = Number(rangeOf(request)?.[1] ?? 0);
      if (phase === 'login') return response('Content-Type: text/html', '<title>Log in</title>');
      if (phase === 'cut' && from > 0) return response('HTTP/1.1 404 Not Found');
      return partOf(body, request, phase === 'cut' ? 1_500_000 : Infinity);
    });
    const page = origin.serve(
      `${path}-page`,
      response('Content-Type: text/html', `<video src=${path}></video>`),
    );
    const url = way === 'as a file' ? file : page;
    const workDir = await freshDir();
    const again = (): ReturnType<typeof kit.download> => kit.download(url, { workDir, engine: 'http' });
    assert.is((await again()).state, 'remote_not_found');
    phase = 'login';
    assert.is((await again()).state, 'login_required');
    phase = 'rest';
    const before = origin.requestsFor(path).length;
    const saved = await again();
    assert.ok(saved.body.equals(body));
    const ranges = origin
      .requestsFor(path)
      .slice(before)
      .map(({ headers }) => headers.get('range'));
    assert.ok(
      ranges.some((range) => Number(/\d+/.exec(range ?? '')?.[0]) >= 1_000_000),
      ranges.join(),
    );
  });
}

test('a file is as old as on its server', async () => {
  const modified = 'Wed, 21 Oct 2015 07:28:00 GMT';
  const url = origin.serve('/old', response(`${OCTETS}\r\nLast-Modified: ${modified}`, 'old'));
  assert.is((await kit.download(url)).modifiedAt.toUTCString(), modified);
  for (const odd of ['soon', 'Fri, 01 Jan 2100 00:00:00 GMT', 'Thu, 01 Jan 1970 00:00:00 GMT']) {
    const saved = await kit.download(
      origin.serve('/odd', response(`${OCTETS}\r\nLast-Modified: ${odd}`, 'odd')),
    );
    assert.ok(Math.abs(saved.modifiedAt.getTime() - Date.now()) < 600_000, odd);
  }
});

test('an address without a scheme is https, then http', async () => {
  for (const [text, expected] of [
    ['example.org', 'https://example.org'],
    [' example.org/a b?c#d ', 'https://example.org/a b?c#d'],
    ['example.org:8080/x', 'https://example.org:8080/x'],
    ['//example.org/x', 'https://example.org/x'],
    ['localhost:3000/x', 'https://localhost:3000/x'],
    ['192.0.2.1/x', 'https://192.0.2.1/x'],
    ['[2001:db8::1]:80/x', 'https://[2001:db8::1]:80/x'],
    ['bücher.example/ü', 'https://bücher.example/ü'],
    ['xn--bcher-kva.example', 'https://xn--bcher-kva.example'],
  ] as const)
    assert.equal(withScheme(text), { text: expected, isAdded: true });
  for (const text of [
    'hello',
    'two words.txt',
    '--exec=x',
    'mailto:a@b.org',
    'a@b.org',
    'javascript:alert(1)',
    '1.5',
    '',
  ])
    assert.equal(withScheme(text), { text, isAdded: false });
  assert.equal(withScheme(' https://a.b '), { text: 'https://a.b', isAdded: false });

  origin.serve('/plain', response(OCTETS, 'plain'));
  const https = `${origin.url}/plain`.replace('http:', 'https:');
  assert.match((await kit.download(https)).state, /^(tls_failed|connect_failed|connection_lost)$/);
  typed.add(new URL(https), 'one');
  session = 'two';
  assert.is.not((await kit.download(https)).state, 'complete', 'another session typed it');
  session = 'one';
  assert.is((await kit.download(https)).body.toString(), 'plain');
});

test.after(async () => {
  await other.close();
  await kit.close();
});

test.run();
