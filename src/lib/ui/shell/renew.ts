const KEY = 'sluice.renewed';
/** A second time within this would only go in circles: the page then says so and waits for a person. */
const AGAIN_MS = 30_000;

/** Loads the page again for a new session cookie. */
export function renewSession(): void {
  try {
    const last = Number(sessionStorage.getItem(KEY) ?? 0);
    if (Date.now() - last < AGAIN_MS) return;
    sessionStorage.setItem(KEY, String(Date.now()));
  } catch {
    // Without storage there is no telling a circle from a first time.
    return;
  }
  location.reload();
}
