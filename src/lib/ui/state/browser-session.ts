/**
 * Which session this browser has, and whether it had another one before. The cookie is not for scripts to read: the
 * page carries the session's id, or asks for it (static/session.js). The id is kept in the browser's storage, where
 * it outlives the cookie, and where the other tabs see that it changed.
 */
import type { OpenedSession } from '../../protocol/session.ts';

declare global {
  interface Window {
    /** Of static/session.js. */
    sluiceSession?: {
      /** Asks for the session of this browser, or a new one; rejects when the server cannot be asked. */
      open: () => Promise<OpenedSession>;
      /** Asked when the page came without a session; null = it came with one. */
      opened: Promise<OpenedSession> | null;
    };
  }
}

const PRESENT = 'sluice.session';
const LOST = 'sluice.lost';

export interface BrowserSession {
  id: string;
  /** The session that this browser had before and has lost, until that is dismissed. */
  lost: string | null;
}

/** Rejects when the server cannot be asked, or says no. */
export async function findSession(): Promise<BrowserSession> {
  const { open, opened } = window.sluiceSession ?? { open: noScript, opened: null };
  const id = document.documentElement.dataset['session'] ?? '';
  const before = read(PRESENT);
  let found: OpenedSession = id === '' ? await (opened ?? open()) : { id };
  // Another tab may have got another session since this page was made: only the server knows which cookie there is now.
  if (id !== '' && before !== null && before !== id) found = await open();
  return remember(found, before);
}

/** A session was opened in this browser on purpose: nothing is lost. */
export function replaceSession(id: string): void {
  if (read(LOST) === id) write(LOST, null);
  write(PRESENT, id);
}

export function dismissLost(): void {
  write(LOST, null);
}

/**
 * Calls back when another tab finds that the browser has another session than this one, or has dismissed what was lost.
 * @returns stops it
 */
export function watchSession(onChange: (change: { id: string } | { lost: null }) => void): () => void {
  const onStorage = ({ key, newValue }: StorageEvent): void => {
    if (key === PRESENT && newValue !== null) onChange({ id: newValue });
    else if (key === LOST && newValue === null) onChange({ lost: null });
  };
  addEventListener('storage', onStorage);
  return () => removeEventListener('storage', onStorage);
}

function remember({ id, lost }: OpenedSession, before: string | null): BrowserSession {
  const missed = before !== null && before !== id ? before : (lost ?? null);
  if (missed !== null) write(LOST, missed);
  // It was opened again by a link.
  else if (read(LOST) === id) write(LOST, null);
  write(PRESENT, id);
  return { id, lost: missed ?? read(LOST) };
}

function noScript(): Promise<never> {
  return Promise.reject(new Error('static/session.js was not loaded'));
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Without storage a loss is known only from a cookie that is no longer good, and for as long as the page is open. */
function write(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else if (localStorage.getItem(key) !== value) localStorage.setItem(key, value);
  } catch {
    // Storage is off in this browser.
  }
}
