// Requests the browser's session as soon as a page arrives without one, while everything else loads. The answer is used
// in src/lib/ui/state/browser-session.ts.
(() => {
  // Bounded, as the other tabs wait for the answer too.
  const TIMEOUT_MS = 10_000;
  const GIVEN = 'sluice.given.';
  // The cookie of a first visit lives two minutes; a page that a browser restores may be older.
  const GIVEN_MS = 86_400_000;

  const request = async (path = '/api/sessions', isAgain = false) => {
    const response = await fetch(path, {
      method: 'POST',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    // Another program's cookie beside ours: the answer removes it.
    if (response.status === 409 && !isAgain) return request(path, true);
    if (!response.ok) {
      const retryAfter = Number(response.headers.get('retry-after'));
      throw Object.assign(new Error(`POST /api/sessions: ${response.status}`), {
        status: response.status,
        retryAfterMs: retryAfter * 1000,
      });
    }
    return response.json();
  };

  const open = async (path) => {
    // A prerendered page may never be shown.
    if (document.prerendering) {
      await new Promise((resolve) =>
        document.addEventListener('prerenderingchange', resolve, { once: true }),
      );
    }
    // One tab after the other: the second tab sends the cookie that the first one got.
    if (navigator.locks) return navigator.locks.request('sluice.session', () => request(path));
    // Plain http has no locks: the second answer is for the cookie that was set last, by whichever tab.
    const first = await request(path);
    const last = await request();
    // Whose is a session that another tab got is not for this answer to say.
    return { ...first, token: first.id === last.id ? first.token : undefined, ...last };
  };

  // Which session the browser had by then: without locks, another tab may get one while this one waits for its own.
  let before = null;
  try {
    before = localStorage.getItem('sluice.session');
    // Sessions that pages of this origin were given: no other port knows this storage. A key each, as tabs that are opened at
    // once would overwrite each other's changes of one list.
    const { first } = document.documentElement.dataset;
    const now = Date.now();
    for (const key of Object.keys(localStorage)) {
      if (!key.startsWith(GIVEN)) continue;
      if (!(now - Number(localStorage.getItem(key)) < GIVEN_MS)) localStorage.removeItem(key);
    }
    if (first) localStorage.setItem(GIVEN + first, String(now));
  } catch {
    // Storage is off in this browser.
  }
  const { session, auth } = document.documentElement.dataset;
  // Where people sign in, that is how a browser gets one.
  window.sluiceSession = { open, before, opened: session || auth !== 'none' ? null : open() };
  // The page's own scripts handle a failure, but later: until then it would count as unhandled.
  window.sluiceSession.opened?.catch(() => {});
})();
