/**
 * Two people with four browsers each: adding, switching and sharing lists, signing out and in, in any order while downloads
 * run. After each step every browser sees its list, whole, and nothing else; what was withdrawn sees nothing.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CLOSE } from '#lib/protocol/channel.ts';
import type { AccountView, ListView, Shares } from '#lib/protocol/people.ts';
import { ask, TestSocket } from '../edge/ask.ts';
import { type Site, startSite } from '../site/site.ts';
import { accept, addPerson, firstLinkOf, Person } from '../support/people.ts';
import { makePlace, startServer, type TestServer } from '../support/server.ts';

const STEPS = Number(process.env['SLUICE_STEPS'] ?? 250);
const SEED = Number(process.env['SLUICE_SEED'] ?? 1);
const MAX_LISTS = 5;

interface List {
  id: string;
  owner: string;
  /** With the other person. */
  isShared: boolean;
  rows: number;
}
interface Browser {
  name: string;
  person: Person;
  /** null = signed out. */
  list: List | null;
  /** From before anybody signed in. */
  old: List | null;
  socket: TestSocket | null;
}

const place = makePlace();
let site: Site;
let server: TestServer;
const lists: List[] = [];
const browsers: Browser[] = [];
let seed = SEED;

test.before(async () => {
  site = await startSite();
});
test.after(async () => {
  await server.stop();
  await site.close();
  place.remove();
});

function random(below: number): number {
  // Numerical Recipes' generator.
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
}
const pick = <T>(from: readonly T[]): T | undefined => from[random(from.length)];
const other = (name: string) => (name === 'Ann' ? 'Ben' : 'Ann');
const may = (name: string, list: List) => list.owner === name || list.isShared;

async function add(browser: Browser): Promise<void> {
  const { list, person } = browser;
  const url = `${site.url}/file/f${lists.length}.bin?list=${list?.id ?? 'none'}&n=${list?.rows ?? 0}`;
  const { status } = await person.call('POST', '/api/downloads', { url });
  assert.is(status, list === null ? 401 : 202);
  if (list !== null) list.rows++;
}

async function connect(browser: Browser): Promise<void> {
  browser.socket?.close();
  const { person } = browser;
  const socket = await TestSocket.open(person.url, { cookie: person.cookie, origin: person.url });
  if (typeof socket === 'number') throw new Error(`the socket was refused: ${socket}`);
  socket.send({ type: 'hello' });
  browser.socket = socket;
}

/** As the server says it is. */
async function note(browser: Browser, id: string): Promise<void> {
  let list = lists.find((each) => each.id === id);
  if (list === undefined) lists.push((list = { id, owner: browser.name, isShared: false, rows: 0 }));
  assert.ok(may(browser.name, list), `${browser.name} was given a list of ${list.owner}`);
  browser.list = list;
  await connect(browser);
}

async function signedOut(gone: (browser: Browser) => boolean): Promise<void> {
  for (const browser of browsers.filter((each) => each.list !== null && gone(each))) {
    assert.is(await browser.socket?.closed, CLOSE.sessionGone);
    browser.list = null;
  }
}

const STEP: Record<string, (browser: Browser) => Promise<void>> = {
  add,
  addMore: add,
  async signIn(browser) {
    const { status, body } = await browser.person.signIn(browser.name);
    assert.is(status, 200, body.toString());
    const { old } = browser;
    // The first who brings it.
    if (old !== null && old.owner === '') old.owner = browser.name;
    await note(browser, (JSON.parse(body.toString()) as { id: string }).id);
  },
  async signOut({ list, person }) {
    if (list === null) return;
    await person.expect(204, 'POST', '/api/account/sign-out');
    await signedOut((each) => each.person === person);
  },
  async everywhere({ list, person, name }) {
    if (list === null || random(4) > 0) return;
    await person.expect(204, 'POST', '/api/account/sign-out-everywhere');
    await signedOut((each) => each.name === name);
  },
  async newList({ list, person, name }) {
    if (list === null || lists.filter((each) => each.owner === name).length >= MAX_LISTS) return;
    const { id } = await person.expect<ListView>(201, 'POST', '/api/account/lists', {
      name: `list ${lists.length}`,
    });
    lists.push({ id, owner: name, isShared: false, rows: 0 });
  },
  async open(browser) {
    const wanted = pick(lists.filter(({ owner }) => owner !== ''));
    if (browser.list === null || wanted === undefined) return;
    const path = `/api/account/lists/${wanted.id}/open`;
    const { status } = await browser.person.call('POST', path, {});
    assert.is(status, may(browser.name, wanted) ? 200 : 404);
    if (status === 200) await note(browser, wanted.id);
  },
  async share({ list, person, name }) {
    const own = pick(lists.filter(({ owner }) => owner === name));
    if (list === null || own === undefined) return;
    await person.expect(204, 'POST', `/api/account/lists/${own.id}/shares`, { name: other(name) });
    own.isShared = true;
  },
  async unshare({ list, person, name }) {
    const own = pick(lists.filter(({ owner, isShared }) => owner === name && isShared));
    if (list === null || own === undefined) return;
    const { people } = await person.expect<Shares>(200, 'GET', `/api/account/lists/${own.id}/shares`);
    await person.expect(204, 'DELETE', `/api/account/lists/${own.id}/shares/${people[0]?.id}`);
    own.isShared = false;
    await signedOut((each) => each.list === own && each.name !== name);
  },
};

let looked = 0;

async function check(after: string): Promise<void> {
  await Promise.all(
    browsers.map(async ({ name, person, list, socket }) => {
      const answer = await person.call('GET', '/api/downloads?limit=200');
      if (list === null) return assert.is(answer.status, 401, `${after}: ${name} is signed out`);
      assert.is(answer.status, 200, `${after}: ${name} is signed in`);
      const { downloads } = JSON.parse(answer.body.toString()) as { downloads: { url: string }[] };
      assert.is(downloads.length, list.rows, `${after}: ${name} sees the whole list`);
      const texts = [...downloads, ...(socket?.messages ?? [])].map((seen) => JSON.stringify(seen));
      looked += texts.length;
      for (const text of texts)
        for (const [, id] of text.matchAll(/\?list=([\w-]+)/g))
          assert.is(id, list.id, `${after}: ${name} sees a row of another list`);
      if (socket !== null) socket.messages.length = 0;
    }),
  );
}

test(`after each of ${STEPS} steps (seed ${SEED}) everybody sees their own, whole, and nothing else`, async () => {
  const env = { SLUICE_ENGINES: 'http' };
  server = await startServer({ place, env });
  const { port, url } = server;
  for (const name of ['Ann', 'Ben'])
    for (let n = 0; n < 4; n++)
      browsers.push({ name, person: new Person(url), list: null, old: null, socket: null });
  // One browser of each had a list before; both of the second ones share one.
  const shared: List = { id: '', owner: '', isShared: false, rows: 0 };
  for (const browser of [browsers[0], browsers[4], browsers[1], browsers[5]] as Browser[]) {
    const isSecond = browser === browsers[1] || browser === browsers[5];
    if (isSecond && shared.id !== '') browser.person.cookie = browsers[1]?.person.cookie ?? '';
    const { id } = await browser.person.expect<{ id: string }>(
      browser.person.cookie === '' ? 201 : 200,
      'POST',
      '/api/sessions',
    );
    browser.old = isSecond ? shared : { id, owner: '', isShared: false, rows: 0 };
    browser.old.id = id;
    if (!lists.includes(browser.old)) lists.push(browser.old);
    browser.list = browser.old;
    await add(browser);
  }
  for (const browser of browsers) browser.list = null;
  await server.stop();
  server = await startServer({ place, port, env: { ...env, SLUICE_AUTH: 'password' } });
  await accept(url, await firstLinkOf(server), 'Ann');
  await addPerson(server, 'Ben');
  // What accepting the links opened: lists of their own, seen by signing in.
  const names = Object.keys(STEP);
  const counts = new Map<string, number>();
  for (let step = 0; step < STEPS; step++) {
    const browser = pick(browsers) as Browser;
    const name = browser.list === null && random(3) > 0 ? 'signIn' : (pick(names) ?? 'add');
    counts.set(name, (counts.get(name) ?? 0) + 1);
    await STEP[name]?.(browser);
    await check(`step ${step}, ${name} by ${browser.name}`);
  }
  // No list is lost: who owns it finds it, with all its rows.
  for (const name of ['Ann', 'Ben']) {
    const browser = browsers.find((each) => each.name === name) as Browser;
    await STEP['signIn']?.(browser);
    const { lists: known } = await browser.person.expect<AccountView>(200, 'GET', '/api/account');
    const own = lists.filter(({ owner }) => owner === name);
    assert.equal(
      own.filter(({ id }) => !known.some((each) => each.id === id)),
      [],
    );
    for (const list of own) {
      await browser.person.expect(200, 'POST', `/api/account/lists/${list.id}/open`, {});
      await note(browser, list.id);
      await check(`the end, ${name}`);
    }
  }
  console.log(`${JSON.stringify([...counts])}; ${lists.length} lists, ${looked} rows and frames looked at`);
  assert.is((await ask(url, '/healthz')).status, 200);
});

test.run();
