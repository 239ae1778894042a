import { paths } from '../../protocol/paths.ts';

const KEY = 'sluice.renewed';
/** A second reload within this time would be a loop: the page then asks to sign in, or shows the error. */
const LOOP_MS = 30_000;

/** Reloads the page to get a new session cookie, or to sign in again. */
export function renewSession(): void {
  if (mayReload()) location.reload();
  // That page needs no session.
  else if (['password', 'oidc'].includes(document.documentElement.dataset['auth'] ?? ''))
    location.assign(paths.signInPage);
}

function mayReload(): boolean {
  try {
    const last = Number(sessionStorage.getItem(KEY) ?? 0);
    if (Date.now() - last < LOOP_MS) return false;
    sessionStorage.setItem(KEY, String(Date.now()));
    return true;
  } catch {
    // Without storage a loop cannot be detected.
    return false;
  }
}
