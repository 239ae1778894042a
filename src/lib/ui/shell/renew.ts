import { paths } from '../../protocol/paths.ts';

const KEY = 'sluice.renewed';
/** A second reload within this time would be a loop: the page then shows the error instead. */
const LOOP_MS = 30_000;

/** Reloads the page to get a new session cookie, or to sign in again. */
export function renewSession(): void {
  // That page has no session to lose: it cannot loop.
  if (document.documentElement.dataset['auth'] === 'password') return location.assign(paths.signInPage);
  try {
    const last = Number(sessionStorage.getItem(KEY) ?? 0);
    if (Date.now() - last < LOOP_MS) return;
    sessionStorage.setItem(KEY, String(Date.now()));
  } catch {
    // Without storage a loop cannot be detected.
    return;
  }
  location.reload();
}
