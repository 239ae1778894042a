/**
 * Which session this browser has, and whether it had another one before. Scripts cannot read the cookie: the session's id
 * is in the page, or is fetched (static/session.js). It is also kept in localStorage, which outlives the cookie and
 * notifies other tabs of changes.
 */
import { paths } from '../../protocol/paths.ts';
import type { OpenedSession } from '../../protocol/session.ts';

declare global {
  interface Window {
    /** Set by static/session.js. */
    sluiceSession?: {
      /** Fetches the session of this browser, or a new one; rejects when the request fails. */
      open: (path?: string) => Promise<OpenedSession>;
      /** Id of the session that this browser had when the page arrived; null = none. */
      before: string | null;
      /** The result of `open`, if the page was served without a session; else null. */
      opened: Promise<OpenedSession> | null;
    };
  }
}

const PRESENT_KEY = 'sluice.session';
const LOST_KEY = 'sluice.lost';
/** Before the id of a session that a page of this origin was given with the page (static/session.js). */
const GIVEN_KEY = 'sluice.given.';

export interface BrowserSession {
  id: string;
  /** The session that this browser had before, until dismissed. */
  lost: string | null;
  /**
   * A cookie says so alone: no page of this origin was given the session or has opened it. Any program on this host can set a
   * cookie, but none on another port can write to this storage. It must not be used without asking.
   */
  isUnknown: boolean;
}

/** Rejects when the request fails or is refused. */
export async function findSession(): Promise<BrowserSession> {
  const { open, opened, before: early } = window.sluiceSession ?? NO_SCRIPT;
  const id = document.documentElement.dataset['session'] ?? '';
  // A session that another tab got while this page loaded is not lost.
  const before = id === '' ? early : read(PRESENT_KEY);
  // The first answer is used once: after a refusal it has to be fetched.
  if (window.sluiceSession) window.sluiceSession.opened = null;
  let found: OpenedSession = id === '' ? await (opened ?? open()) : { id };
  // Another tab may have got another session since this page was served: ask the server which cookie there is now.
  if (id !== '' && before !== null && before !== id) found = await open();
  return isKnown(found, before) ? remember(found, before) : { id: found.id, lost: before, isUnknown: true };
}

/** After the visitor was asked: the session that the cookie names is theirs. */
export function acceptSession(id: string): BrowserSession {
  return remember({ id }, null);
}

/** After the visitor was asked: it is not theirs. Where people sign in, they do so anew. Rejects as `findSession`. */
export async function startNewSession(): Promise<BrowserSession> {
  if ((document.documentElement.dataset['auth'] ?? 'none') !== 'none') {
    // The answer removes the cookie.
    await fetch(paths.signOut, { method: 'POST' });
    location.assign(paths.signInPage);
    return new Promise(() => undefined);
  }
  const found = await (window.sluiceSession ?? NO_SCRIPT).open(paths.newSession);
  return remember(found, read(PRESENT_KEY));
}

/** Whether a page of this origin has got it by now. */
export function isKnownSession(id: string): boolean {
  return read(PRESENT_KEY) === id || read(GIVEN_KEY + id) !== null;
}

function isKnown({ id, token }: OpenedSession, before: string | null): boolean {
  // One with a token was made for this page.
  return token !== undefined || before === id || isKnownSession(id) || !hasStorage();
}

const MIN_REFUSED_MS = 1_000;
/** A proxy may name any time, or none that is a number. */
const MAX_REFUSED_MS = 600_000;

/** After how many ms a refused visitor may ask again; null = it was not refused for asking too much. */
export function refusedForMs(thrown: unknown): number | null {
  const { status, retryAfterMs } = Object(thrown) as { status?: number; retryAfterMs?: number };
  if (status !== 429) return null;
  // NaN, of a date, is no number of ms.
  return Math.min(MAX_REFUSED_MS, Math.max(MIN_REFUSED_MS, retryAfterMs || 0));
}

/** After a session was opened in this browser on purpose: the previous one does not count as lost. */
export function replaceSession(id: string): void {
  if (read(LOST_KEY) === id) write(LOST_KEY, null);
  write(PRESENT_KEY, id);
}

export function dismissLost(): void {
  write(LOST_KEY, null);
}

/**
 * Calls back when another tab gets another session, or dismisses the lost one.
 * @returns removes the listener
 */
export function watchSession(
  onChange: (change: { id: string } | { lost: null } | { given: string }) => void,
): () => void {
  const onStorage = ({ key, newValue }: StorageEvent): void => {
    if (key === PRESENT_KEY && newValue !== null) onChange({ id: newValue });
    else if (key === LOST_KEY && newValue === null) onChange({ lost: null });
    else if (key?.startsWith(GIVEN_KEY) && newValue !== null) onChange({ given: key });
  };
  addEventListener('storage', onStorage);
  return () => removeEventListener('storage', onStorage);
}

function remember({ id, lost }: OpenedSession, before: string | null): BrowserSession {
  const newlyLost = before !== null && before !== id ? before : (lost ?? null);
  if (newlyLost !== null) write(LOST_KEY, newlyLost);
  // The lost session was opened again by a link.
  else if (read(LOST_KEY) === id) write(LOST_KEY, null);
  write(PRESENT_KEY, id);
  return { id, lost: newlyLost ?? read(LOST_KEY), isUnknown: false };
}

/** Without it nothing is known of earlier visits: what the cookie says has to do. */
function hasStorage(): boolean {
  try {
    localStorage.setItem('sluice.probe', '');
    localStorage.removeItem('sluice.probe');
    return true;
  } catch {
    return false;
  }
}

const NO_SCRIPT = {
  open: (): Promise<never> => Promise.reject(new Error('static/session.js was not loaded')),
  before: null,
  opened: null,
};

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Without storage, a lost session is known only from an invalid cookie, and while the page is open. */
function write(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else if (localStorage.getItem(key) !== value) localStorage.setItem(key, value);
  } catch {
    // Storage is off in this browser.
  }
}
