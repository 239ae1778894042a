// Asks for the browser's session as soon as a page arrives without one, while everything else is loaded. The answer is
// used in src/lib/ui/state/browser-session.ts.
(() => {
  // The other tabs wait for the answer too.
  const ANSWER_MS = 10_000;

  const ask = async () => {
    const response = await fetch('/api/sessions', { method: 'POST', signal: AbortSignal.timeout(ANSWER_MS) });
    if (!response.ok) throw new Error(`POST /api/sessions: ${response.status}`);
    return response.json();
  };

  const open = async () => {
    // A prerendered page has no visitor yet.
    if (document.prerendering) {
      await new Promise((resolve) =>
        document.addEventListener('prerenderingchange', resolve, { once: true }),
      );
    }
    // One tab after the other: the second one sends the cookie that the first one got.
    if (navigator.locks) return navigator.locks.request('sluice.session', ask);
    // Over plain http there are no locks: the second answer is for the cookie that came last, of whichever tab.
    const first = await ask();
    return { ...first, ...(await ask()) };
  };

  window.sluiceSession = { open, opened: document.documentElement.dataset.session ? null : open() };
  // The page's own scripts handle a failure, but only later: until then it would count as unhandled.
  window.sluiceSession.opened?.catch(() => {});
})();
