/** The inspector's page with a mock socket: the test sends all messages of the server. */
import type { Browser, BrowserContextOptions, Page, WebSocketRoute } from 'playwright-core';
import type { ActorView, InspectorServerMessage, Json, Observation } from '#lib/protocol/inspection.ts';
import { STEP_MS } from './page.ts';
import { waitFor } from './wait.ts';

const at = Date.UTC(2026, 0, 2);
const session = {
  id: 'session:one',
  kind: 'session',
  parent: 'host',
  state: 'live',
  since: at,
  createdAt: at,
} as const;

export function download(index: number): Extract<ActorView, { kind: 'download' }> {
  return {
    id: `download:d${String(index).padStart(11, '0')}`,
    kind: 'download',
    parent: session.id,
    title: `file ${index}.bin`,
    state: 'download.live',
    isLive: true,
    since: at,
    createdAt: at + index,
    attempt: 1,
    percent: index % 100,
    errorCode: null,
    lastEvent: { name: 'tick', at },
  };
}

export function event(n: number): Observation {
  return {
    n,
    at: at + n,
    about: 'session:one',
    session: 'one',
    cause: 'tick',
    kind: 'event',
    from: 'runner',
    event: `event-${n}`,
    data: null,
  };
}

/** A transition of `download(1)`. Without a row, only its state is known. */
export function transition(n: number, value: string, row?: Record<string, Json>): Observation {
  const { id, title } = download(1);
  const [state] = value.split('.') as [string];
  const changed =
    row === undefined ? {} : { row: { id, url: 'https://example.org/1', title, state, ...row } };
  return {
    n,
    at: at + n,
    about: id,
    session: 'one',
    cause: 'tick',
    kind: 'transition',
    machine: 'download',
    event: 'step',
    value,
    took: [`step-${n}`],
    changed,
  };
}

/** Opens the page with a mock socket. */
export async function play(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; say: (message: InspectorServerMessage) => void }> {
  const page = await (await browser.newContext({ locale: 'en-GB', ...options })).newPage();
  page.setDefaultTimeout(STEP_MS);
  let socket: WebSocketRoute | null = null;
  await page.routeWebSocket(/inspector\/channel/, (route) => {
    route.onMessage(() => {
      socket = route;
    });
  });
  await page.goto(`${url}/inspector`);
  const route = await waitFor(() => socket, { what: 'the page to ask' });
  const say = (message: InspectorServerMessage) => route.send(JSON.stringify(message));
  say({ type: 'hello', v: 1, scope: 'all', session: 'one', machines: {}, oldest: 0, next: 1 });
  return { page, say };
}

export const whole = (views: ActorView[]): InspectorServerMessage => ({
  type: 'actors',
  whole: true,
  set: [{ ...session, mailbox: 0, sockets: 1, alarmAt: null, storageBytes: null, lastEvent: null }, ...views],
  gone: [],
});
