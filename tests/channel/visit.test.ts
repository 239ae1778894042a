import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AdmittedTokens } from '#lib/channel/admitted-tokens.ts';
import { claimsFromCookies } from '#lib/channel/credentials.ts';
import { headerGetter } from '#lib/channel/headers.ts';
import { AllowedOrigins } from '#lib/channel/origin.ts';
import { Tokens } from '#lib/channel/token.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import { issueSession, visitPage } from '#lib/channel/visit.ts';

const tokens = new Tokens(new Uint8Array(32).fill(7));
const other = new Tokens(new Uint8Array(32).fill(8)).issue();
/** Owners whose new sessions were counted, and one that had too many. */
const counted: string[] = [];
const MANY = 'had too many';
const edge = {
  tokens,
  people: { auth: 'none' as const },
  visitors: {
    newSession: (owner: string) => {
      if (owner === MANY) throw new SluiceError('too_many_requests');
      counted.push(owner);
    },
  },
  origins: new AllowedOrigins('127.0.0.1', 3000, ['https://dl.example.org']),
  // A store that holds one session.
  storedSessions: {
    summary: (id: string) => ({ id, downloads: id === other.session ? 1 : 0, unfinished: 0, newest: null }),
  },
};
const { token, session } = tokens.issue();
const HOST = '127.0.0.1:3000';
const OURS = { host: HOST, cookie: `sluice_session=${token}` };
/** What every browser sends with a navigation. */
const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

const page = (headers: Record<string, string>, owner = 'a') =>
  visitPage(edge, headerGetter({ host: HOST, ...headers }), owner, '/devices');
const post = (headers: Record<string, string>, owner = 'a', isNew = false) =>
  issueSession(edge, headerGetter({ host: HOST, ...headers }), owner, isNew);

for (const site of ['cross-site', 'same-site', 'something-new']) {
  test(`no cookie is set on Sec-Fetch-Site: ${site}, whatever other headers are sent`, () => {
    for (const more of [
      {},
      HTML,
      { origin: `http://${HOST}` },
      { accept: '*/*' },
      { 'sec-purpose': 'prefetch' },
    ]) {
      const headers = { 'sec-fetch-site': site, ...more };
      assert.equal(page(headers), { session: null, cookies: [] });
      assert.equal(page({ ...headers, ...OURS }), { session, cookies: [] });
      assert.equal(page({ ...headers, cookie: `sluice_first=${token}` }), { session: null, cookies: [] });
      assert.equal(post(headers).cookies, []);
      const opened = post({ ...headers, ...OURS });
      assert.equal([opened.session, opened.cookies], [session, []]);
    }
  });
}

/** The session of a Set-Cookie line, by the cookie's name. */
const sessionIn = (line: string | undefined, name: string) =>
  tokens.verify(
    new RegExp(`^${name}=([^;]+); Path=/; Max-Age=\\d+; HttpOnly; SameSite=Lax$`).exec(line ?? '')?.[1] ?? '',
  )?.session;

for (const site of ['same-origin', 'none', undefined]) {
  const headers: Record<string, string> = site === undefined ? {} : { 'sec-fetch-site': site };
  const from = `(Sec-Fetch-Site: ${site})`;
  test(`the session in the cookie is kept and its cookie renewed ${from}`, () => {
    for (const more of [{}, HTML]) {
      const visit = page({ ...headers, ...more, ...OURS });
      assert.is(visit.session, session);
      assert.is(sessionIn(visit.cookies[0], 'sluice_session'), session);
      const [renewed = ''] = visit.cookies[1]?.split(';') ?? [];
      assert.match(renewed, /^sluice_renewed=[\w-]{12}$/);
      const again = page({ ...headers, ...more, cookie: `${OURS.cookie}; ${renewed}` });
      assert.equal(again, { session, cookies: [] }, 'but not at each visit');
      const of = tokens.issue(session).token;
      const another = page({ ...headers, ...more, cookie: `sluice_session=${of}; ${renewed}` });
      assert.is(another.cookies.length, 2, 'nor for another token');
    }
  });

  test(`a browser without a session gets only the first-visit cookie with the page ${from}`, () => {
    for (const cookie of [
      '',
      'sluice_session=planted',
      `sluice_session=${other.token}`,
      'sluice_first=planted',
    ]) {
      const visit = page({ ...headers, ...HTML, cookie });
      assert.equal([visit.session, visit.cookies.length], [null, 1]);
      assert.type(sessionIn(visit.cookies[0], 'sluice_first'), 'string');
    }
    const again = page({ ...headers, ...HTML, cookie: `sluice_first=${token}` });
    assert.equal(again, { session: null, cookies: [] }, 'and it keeps that');
  });

  test(`a program without a session gets a new one with the page ${from}`, () => {
    for (const cookie of ['', 'sluice_session=planted']) {
      const visit = page({ ...headers, cookie });
      assert.type(visit.session, 'string');
      assert.is(sessionIn(visit.cookies[0], 'sluice_session'), visit.session);
    }
  });
}

test('a prefetched page sets no cookie', () => {
  for (const purpose of ['prefetch', 'prefetch;prerender', 'prefetch;anonymous-client-ip']) {
    for (const more of [{}, HTML, OURS]) assert.equal(page({ 'sec-purpose': purpose, ...more }).cookies, []);
  }
});

for (const from of [{ origin: `http://${HOST}` }, { 'sec-fetch-site': 'same-origin' }]) {
  test(`a page that asks for its browser's session gets it, without the token (${Object.keys(from)[0]})`, () => {
    const opened = post({ ...OURS, ...from });
    assert.equal([opened.session, opened.token, opened.lost], [session, null, null]);
    assert.equal(
      opened.cookies.map((line) => sessionIn(line, 'sluice_session')),
      [session],
    );
    const fresh = post(from);
    assert.is(tokens.verify(fresh.token ?? '')?.session, fresh.session);
    assert.is(sessionIn(fresh.cookies[0], 'sluice_session'), fresh.session);
  });

  test(`the first-visit cookie becomes the session, unless there is one (${Object.keys(from)[0]})`, () => {
    const first = tokens.issue();
    const opened = post({ ...from, cookie: `sluice_first=${first.token}` });
    assert.equal([opened.session, opened.token], [first.session, null]);
    assert.is(sessionIn(opened.cookies[0], 'sluice_session'), first.session);
    assert.match(opened.cookies[1] ?? '', /^sluice_first=; Path=\/; Max-Age=0; /);
    assert.is(post({ ...from, cookie: `sluice_first=${first.token}; ${OURS.cookie}` }).session, session);
  });
}

test('the API accepts the first-visit cookie only where there is no session cookie', () => {
  const first = tokens.issue();
  assert.is(claimsFromCookies(tokens, `sluice_first=${first.token}`, false)?.session, first.session);
  assert.is(
    claimsFromCookies(tokens, `sluice_first=${first.token}; ${OURS.cookie}`, false)?.session,
    session,
  );
});

test('a program gets a new session each time, whatever cookie it has', () => {
  const opened = post(OURS);
  assert.is.not(opened.session, session);
  assert.equal([tokens.verify(opened.token ?? '')?.session, opened.lost], [opened.session, null]);
});

test('a browser that sends a token of another key is told which stored session it named', () => {
  const elsewhere = new Tokens(new Uint8Array(32).fill(9)).issue();
  const lostWith = (cookie: string) => post({ cookie, origin: `http://${HOST}` }).lost;
  assert.is(lostWith(`sluice_session=${other.token}`), other.session);
  assert.is(lostWith(`__Host-sluice_session=${other.token}`), other.session);
  assert.is(lostWith(`sluice_session=${other.token}; sluice_first=${token}`), other.session);
  assert.is(lostWith('sluice_session=planted'), null);
  assert.is(lostWith(`sluice_session=${elsewhere.token}`), null, 'of another Sluice on this host');
  assert.is(lostWith(`sluice_session=${elsewhere.token}; sluice_session=${other.token}`), other.session);
  assert.is(lostWith(`sluice_session=${other.token}; sluice_session=${token}`), null, 'one of them is good');
});

test('over https the cookie gets the __Host- prefix, and one without it is still accepted', () => {
  const visit = page({ ...OURS, host: 'dl.example.org' });
  assert.is(visit.session, session);
  assert.match(
    visit.cookies[0] ?? '',
    new RegExp(`^__Host-sluice_session=${token}; Path=/; Max-Age=\\d+; HttpOnly; SameSite=Lax; Secure$`),
  );
  assert.match(
    page({ ...HTML, host: 'dl.example.org' }).cookies[0] ?? '',
    /^__Host-sluice_first=\S+; Path=\/; Max-Age=120; HttpOnly; SameSite=Lax; Secure$/,
  );
});

test('the __Host- cookie takes precedence over one planted under the plain name', () => {
  const planted = tokens.issue().token;
  const cookie = `sluice_session=${planted}; __Host-sluice_session=${token}`;
  assert.is(page({ cookie, host: 'dl.example.org' }).session, session);
});

test('two valid session cookies count as none: no page replaces ours, and what is not ours is removed', () => {
  const cookie = `sluice_session=${tokens.issue().token}; sluice_session=${token}`;
  for (const more of [{}, HTML]) {
    const visit = page({ ...more, cookie });
    assert.is(visit.session, null);
    assert.equal(visit.cookies.sort(), [
      '__Host-sluice_first=; Path=/; Max-Age=0; HttpOnly; Secure',
      '__Host-sluice_session=; Path=/; Max-Age=0; HttpOnly; Secure',
      'sluice_first=; Path=/devices; Max-Age=0; HttpOnly',
      'sluice_session=; Path=/devices; Max-Age=0; HttpOnly',
    ]);
    assert.equal(page({ ...more, cookie, 'sec-fetch-site': 'same-site' }), { session: null, cookies: [] });
  }
  assert.throws(
    () => post({ cookie, origin: `http://${HOST}` }),
    (thrown: SluiceError) => thrown.code === 'two_sessions',
  );
});

test('a browser that asks for a new session gets one, whatever its cookies say', () => {
  const fresh = post({ ...OURS, origin: `http://${HOST}` }, 'a', true);
  assert.is.not(fresh.session, session);
  assert.equal([tokens.verify(fresh.token ?? '')?.session, fresh.lost], [fresh.session, null]);
  assert.is(sessionIn(fresh.cookies[0], 'sluice_session'), fresh.session);
});

test('a page says which session its first-visit cookie names', () => {
  const visit = page(HTML);
  assert.is(visit.first, sessionIn(visit.cookies[0], 'sluice_first'));
});

test('over https an old cookie gets the new name at the next visit, however recently it was renewed', () => {
  const cookie = `${OURS.cookie}; __Host-sluice_renewed=${token.split('.')[1]}`;
  const visit = page({ ...HTML, cookie, host: 'dl.example.org' });
  assert.match(visit.cookies[0] ?? '', new RegExp(`^__Host-sluice_session=${token};`));
  const again = page({ ...HTML, cookie: `__Host-${cookie}`, host: 'dl.example.org' });
  assert.equal(again, { session, cookies: [] });
});

test("each new session counts as its owner's, and one that the browser has does not", () => {
  counted.length = 0;
  page({}, 'program');
  page(HTML, 'browser');
  post({}, 'poster');
  page(OURS, 'known');
  page({ ...HTML, cookie: `sluice_first=${token}` }, 'loading');
  post({ ...OURS, origin: `http://${HOST}` }, 'known');
  assert.equal(counted, ['program', 'browser', 'poster']);
});

test('a visitor that had too many sessions gets the page without a cookie, and no session', () => {
  for (const headers of [{}, HTML]) assert.equal(page(headers, MANY), { session: null, cookies: [] });
  assert.throws(
    () => post({}, MANY),
    (thrown: SluiceError) => thrown.code === 'too_many_requests',
  );
  assert.is(page(OURS, MANY).session, session);
});

test('a page is served while the store cannot say whether a device is admitted', () => {
  const unreadable = new AdmittedTokens(new Uint8Array(32).fill(7), () => {
    throw new SluiceError('disk_error');
  });
  const header = headerGetter({ ...HTML, ...OURS });
  assert.equal(visitPage({ ...edge, tokens: unreadable }, header, 'a', '/'), { session: null, cookies: [] });
});

test.run();
