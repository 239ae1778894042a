const KEY = 'sluice.renewed';
/** A second reload within this time would be a loop: the page then shows the error instead. */
const LOOP_MS = 30_000;

/** Reloads the page to get a new session cookie. */
export function renewSession(): void {
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
