// Asks for the browser's session as soon as a page arrived without one, beside the loading of all else. What there is
// to do about it is in src/lib/ui/state/browser-session.ts.
(() => {
  const ask = async () => {
    const response = await fetch('/api/sessions', { method: 'POST' });
    if (!response.ok) throw new Error(`POST /api/sessions: ${response.status}`);
    return response.json();
  };

  const open = async () => {
    // A page that is loaded in case somebody will want it has no visitor yet.
    if (document.prerendering) {
      await new Promise((resolve) =>
        document.addEventListener('prerenderingchange', resolve, { once: true }),
      );
    }
    // One tab after the other: the second one sends the cookie that the first one got.
    if (navigator.locks) return navigator.locks.request('sluice.session', ask);
    // There are no locks over plain http. Asked again, two tabs have the one cookie that came last.
    const first = await ask();
    return { ...first, ...(await ask()) };
  };

  window.sluiceSession = { open, opened: document.documentElement.dataset.session ? null : open() };
  // Whoever needs it handles it; until then nobody may.
  window.sluiceSession.opened?.catch(() => {});
})();
