import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { headerOf } from '#lib/channel/headers.ts';
import { Gatekeeper } from '#lib/channel/origin.ts';
import { Tokens } from '#lib/channel/token.ts';
import { openSession, visitPage } from '#lib/channel/visit.ts';

const tokens = new Tokens(new Uint8Array(32).fill(7));
const door = { tokens, gate: new Gatekeeper('127.0.0.1', 3000, ['https://dl.example.org']) };
const { token, session } = tokens.issue();
const HOST = '127.0.0.1:3000';
const OURS = { host: HOST, cookie: `sluice_session=${token}` };
/** What every browser says when a person goes somewhere. */
const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

const page = (headers: Record<string, string>) => visitPage(door, headerOf({ host: HOST, ...headers }));
const post = (headers: Record<string, string>) => openSession(door, headerOf({ host: HOST, ...headers }));

for (const site of ['cross-site', 'same-site', 'something-new']) {
  test(`no cookie is set on Sec-Fetch-Site: ${site}, whatever comes with it`, () => {
    for (const more of [
      {},
      HTML,
      { origin: `http://${HOST}` },
      { accept: '*/*' },
      { 'sec-purpose': 'prefetch' },
    ]) {
      const headers = { 'sec-fetch-site': site, ...more };
      assert.equal(page(headers), { session: null, cookie: null });
      assert.equal(page({ ...headers, ...OURS }), { session, cookie: null });
      assert.is(post(headers).cookie, null);
      assert.equal(
        [post({ ...headers, ...OURS }).session, post({ ...headers, ...OURS }).cookie],
        [session, null],
      );
    }
  });
}

for (const site of ['same-origin', 'none', undefined]) {
  const headers: Record<string, string> = site === undefined ? {} : { 'sec-fetch-site': site };
  test(`the session that comes along stays and its cookie is set anew (Sec-Fetch-Site: ${site})`, () => {
    for (const more of [{}, HTML]) {
      const visit = page({ ...headers, ...more, ...OURS });
      assert.is(visit.session, session);
      assert.match(visit.cookie ?? '', new RegExp(`^sluice_session=${token}; .*; SameSite=Lax$`));
    }
  });

  test(`a browser without one gets none with the page, which asks for it (Sec-Fetch-Site: ${site})`, () => {
    for (const cookie of ['', 'sluice_session=planted']) {
      assert.equal(page({ ...headers, ...HTML, cookie }), { session: null, cookie: null });
    }
  });

  test(`a program without one gets a new one with the page (Sec-Fetch-Site: ${site})`, () => {
    for (const cookie of ['', 'sluice_session=planted']) {
      const visit = page({ ...headers, cookie });
      assert.is(
        tokens.verify(/^sluice_session=([^;]+)/.exec(visit.cookie ?? '')?.[1] ?? '')?.session,
        visit.session,
      );
    }
  });
}

test('what a browser fetches in case somebody wants it sets no cookie', () => {
  for (const purpose of ['prefetch', 'prefetch;prerender', 'prefetch;anonymous-client-ip']) {
    assert.is(page({ 'sec-purpose': purpose }).cookie, null);
    assert.is(page({ 'sec-purpose': purpose, ...OURS }).cookie, null);
  }
});

test('a page that asks for the session of its browser gets that one, and no token of it to read', () => {
  for (const from of [{ origin: `http://${HOST}` }, { 'sec-fetch-site': 'same-origin' }]) {
    const opened = post({ ...OURS, ...from });
    assert.equal([opened.session, opened.token, opened.lost], [session, null, null]);
    assert.match(opened.cookie ?? '', new RegExp(`^sluice_session=${token};`));
    const first = post(from);
    assert.is(tokens.verify(first.token ?? '')?.session, first.session);
    assert.ok(first.cookie?.startsWith(`sluice_session=${first.token};`));
  }
});

test('a program gets a new session each time, whatever cookie it has', () => {
  const opened = post(OURS);
  assert.is.not(opened.session, session);
  assert.equal([tokens.verify(opened.token ?? '')?.session, opened.lost], [opened.session, null]);
});

test('a browser that sends a token of another key is told which session it was for', () => {
  const other = new Tokens(new Uint8Array(32).fill(8)).issue();
  const lostWith = (cookie: string) => post({ cookie, origin: `http://${HOST}` }).lost;
  assert.is(lostWith(`sluice_session=${other.token}`), other.session);
  assert.is(lostWith(`__Host-sluice_session=${other.token}`), other.session);
  assert.is(lostWith('sluice_session=planted'), null);
  assert.is(lostWith(`sluice_session=${other.token}; sluice_session=${token}`), null, 'one of them is good');
});

test('over https the cookie is called __Host-, and one of the name before still opens its session', () => {
  const visit = page({ ...OURS, host: 'dl.example.org' });
  assert.is(visit.session, session);
  assert.match(
    visit.cookie ?? '',
    new RegExp(`^__Host-sluice_session=${token}; Path=/; Max-Age=\\d+; HttpOnly; SameSite=Lax; Secure$`),
  );
});

test('a session planted under the plain name does not stand before the one under __Host-', () => {
  const planted = tokens.issue().token;
  const cookie = `sluice_session=${planted}; __Host-sluice_session=${token}`;
  assert.is(page({ cookie, host: 'dl.example.org' }).session, session);
});

test.run();
