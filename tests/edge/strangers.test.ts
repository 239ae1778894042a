/** Visitors from other addresses, on a real server in a network of its own. */
import { readdirSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HELD, RATES } from '#lib/quota/limits.ts';
import { OperatorAuth } from '#lib/channel/operator.ts';
import { readTokenKey } from '#lib/channel/token-key.server.ts';
import { ownNetwork, SERVER } from '../support/own-network.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { waitFor } from '../support/wait.ts';
import { decided, Stranger } from './stranger.ts';

const missing = ownNetwork(import.meta.filename);
const PORT = 3000;
const ORIGINS = { v4: `http://${SERVER.v4}:${PORT}`, v6: `http://${SERVER.v6}:${PORT}` };
const INSPECTOR = ['/api/inspector/channel', 'sluice-inspector.v1'] as const;
/** Its name cannot be resolved here, so downloads of it wait. */
const FILE = 'http://example.com/file';

let server: TestServer;
let strangers: Stranger[] = [];
let lastAddress = 10;

test.before(async () => {
  if (missing !== null) return;
  server = await startServer({
    port: PORT,
    env: {
      SLUICE_HOST: '::',
      SLUICE_AUTH: 'none',
      SLUICE_INSPECTOR: '1',
      SLUICE_ORIGINS: `${ORIGINS.v4},${ORIGINS.v6}`,
    },
  });
});
test.after.each(() => {
  for (const stranger of strangers) stranger.close();
  strangers = [];
});
test.after(async () => {
  await server?.stop();
});

/** From an address that no test had before. */
function stranger(address = `198.18.1.${lastAddress++}`): Stranger {
  const made = new Stranger(address.includes(':') ? ORIGINS.v6 : ORIGINS.v4, address);
  strangers.push(made);
  return made;
}

/** A stranger with a session. */
async function visitor(): Promise<{ visitor: Stranger; token: string }> {
  const made = stranger();
  const token = await made.session();
  if (token === null) throw new Error('no session');
  return { visitor: made, token };
}

async function countSessions(from: Stranger, wanted: number, headers = {}): Promise<number> {
  let issued = 0;
  for (let n = 0; n < wanted; n++) if ((await from.session(headers)) !== null) issued++;
  return issued;
}

function operatorCookie(): string {
  const auth = new OperatorAuth(readTokenKey(server.place.dataDir) ?? new Uint8Array());
  const grant = auth.link().split('grant=')[1] ?? '';
  return auth.signIn(grant, false)?.split(';')[0] ?? '';
}

const descriptors = (): number => readdirSync(`/proc/${server.pid}/fd`).length;
const isTesting = (name: string, body: () => Promise<unknown>): void => testUnless(test, missing, name, body);

isTesting(
  'new sessions of one address run out, those of another do not, and one that is there works',
  async () => {
    const flood = stranger();
    const first = await flood.session();
    const { burst } = RATES.session;
    const issued = 1 + (await countSessions(flood, burst + 20));
    // One more every two minutes.
    assert.ok(issued >= burst && issued <= burst + 2, `${issued}`);
    const refused = await flood.ask('POST', '/api/sessions');
    assert.is(refused.status, 429);
    assert.is((JSON.parse(refused.body) as { code: string }).code, 'too_many_requests');
    const waitSeconds = Number(refused.headers['retry-after']);
    assert.ok(waitSeconds > 1 && waitSeconds <= 120, `${waitSeconds}`);
    assert.is((await flood.add(first ?? '', FILE)).status, 202);
    assert.ok((await stranger().session()) !== null);
    // Nor do pages make any: they are served without.
    const page = await flood.ask('GET', '/', { accept: 'text/html' });
    assert.is(page.status, 200);
    assert.is(page.headers['set-cookie'], undefined);
  },
);

isTesting('all addresses of a home network are one: others of its /64 get no more sessions', async () => {
  await countSessions(stranger('fd09::5:0:0:0:1'), RATES.session.burst);
  assert.is(await stranger('fd09::5:ffff:0:0:2').session(), null);
  assert.ok((await stranger('fd09::6:0:0:0:1').session()) !== null);
});

isTesting(
  'this machine gets as many sessions as it asks for; what a proxy forwards counts as one stranger',
  async () => {
    const here = new Stranger(`http://127.0.0.1:${PORT}`, '127.0.0.1');
    strangers.push(here);
    const { burst } = RATES.session;
    assert.is(await countSessions(here, burst + 30), burst + 30);
    let forwarded = 0;
    for (let n = 0; n < burst + 20; n++) {
      // As if each were somebody else.
      if ((await here.session({ 'x-forwarded-for': `192.0.2.${n}` })) !== null) forwarded++;
    }
    assert.ok(forwarded >= burst && forwarded <= burst + 2, `${forwarded}`);
    assert.ok((await here.session()) !== null);
  },
);

isTesting('a header that names another address, even this machine, makes nobody somebody else', async () => {
  const flood = stranger();
  await countSessions(flood, RATES.session.burst);
  assert.is(await flood.session({ 'x-forwarded-for': '127.0.0.1', 'x-sluice-owner': 'local' }), null);
  const page = await flood.ask('GET', '/', { accept: 'text/html', 'x-sluice-owner': 'local' });
  assert.is(page.headers['set-cookie'], undefined);
});

isTesting('heads that never end hold a few descriptors, and those for ten seconds', async () => {
  const before = descriptors();
  const slow = stranger();
  assert.is(await slow.holdConnections(300), HELD.head.owner);
  assert.ok(descriptors() <= before + HELD.head.owner + 5, `${descriptors() - before}`);
  assert.is((await stranger().ask('GET', '/healthz')).status, 200);
  await waitFor(() => descriptors() <= before + 5, { what: 'the slow heads to be closed' });
});

isTesting(
  'of many addresses, connections leave room for health checks and for those who have a session',
  async () => {
    const before = descriptors();
    const { visitor: known, token } = await visitor();
    const each = HELD.connection.owner;
    const crowd = Array.from({ length: Math.ceil(HELD.connection.strangers / each) + 2 }, () => stranger());
    for (const one of crowd) {
      for (let n = 0; n < each; n++) {
        const socket = await one.connection();
        // A head that is whole, and an answer that it does not read.
        socket.write(`GET /healthz HTTP/1.1\r\nhost: ${SERVER.v4}:${PORT}\r\n\r\n`);
        await decided(socket);
      }
    }
    const held = descriptors() - before;
    assert.ok(held <= HELD.connection.strangers + HELD.reserved.strangers + 5, `${held}`);
    assert.ok(held >= HELD.connection.strangers, `${held}`);
    const late = stranger();
    assert.is((await late.ask('GET', '/readyz')).status, 200);
    assert.is((await late.ask('GET', '/')).status, 429);
    const listed = await known.ask('GET', '/api/downloads', { authorization: `Bearer ${token}` });
    assert.is(listed.status, 200);
    const here = new Stranger(`http://127.0.0.1:${PORT}`, '127.0.0.1');
    assert.ok((await here.session()) !== null);
  },
);

isTesting(
  'one address holds so many sockets, whatever lists they are for, and the page can tell why',
  async () => {
    const many = stranger();
    const tokens = [await many.session(), await many.session(), await many.session()];
    let turn = 0;
    const next = async (): Promise<string | null> => tokens[turn++ % 3] ?? null;
    assert.is(await many.holdSockets(HELD.socket.owner + 20, next), HELD.socket.owner);
    assert.is(await many.socket(tokens[0] ?? ''), 1013);
    many.close();
    await waitFor(async () => typeof (await many.socket(tokens[0] ?? '')) !== 'number', {
      what: 'a socket once others are closed',
    });
  },
);

isTesting('nobody holds all sockets of the inspector: others get in, and so does the operator', async () => {
  const people = await Promise.all(Array.from({ length: 5 }, () => visitor()));
  const held: number[] = [];
  for (const { visitor: one, token } of people) {
    held.push(await one.holdSockets(10, async () => token, ...INSPECTOR));
  }
  assert.equal(held, [4, 4, 4, 4, 0]);
  // This machine is no stranger; but a list of it has a limit too, and what all lists have leaves the operator's.
  const here = new Stranger(`http://127.0.0.1:${PORT}`, '127.0.0.1');
  strangers.push(here);
  const local = await here.holdSockets(40, () => here.session(), ...INSPECTOR);
  assert.is(local, 8);
  assert.is.not(typeof (await stranger().socket('', ...INSPECTOR, { cookie: operatorCookie() })), 'number');
});

isTesting('adds of one address run out by bytes of state long before they fill a disk', async () => {
  const { visitor: big, token } = await visitor();
  const long = `${FILE}/${'x'.repeat(8_000)}`;
  let taken = 0;
  for (;;) {
    const { status, headers } = await big.add(token, `${long}${taken}`);
    if (status === 202) taken++;
    if (status === 429) assert.ok(Number(headers['retry-after']) >= 1);
    if (status !== 202 || taken > 2_500) break;
  }
  const { burst } = RATES.state;
  assert.ok(taken > 500 && taken * 8_000 < burst + 500_000, `${taken}`);
  const small = await visitor();
  assert.is((await small.visitor.add(small.token, FILE)).status, 202);
});

isTesting('messages of one address are read as fast as its quota, over however many sockets', async () => {
  const { visitor: chatty, token } = await visitor();
  const sockets = await Promise.all(Array.from({ length: 4 }, () => chatty.socket(token)));
  let answers = 0;
  for (const ws of sockets) {
    if (typeof ws === 'number') throw new Error(`a socket was closed with ${ws}`);
    ws.on('message', () => answers++);
    ws.send('{"type":"hello"}');
  }
  await waitFor(() => answers >= 4, { what: 'the snapshots' });
  answers = 0;
  const { burst } = RATES.message;
  const junk = JSON.stringify({ type: 'command', id: 'x', name: 'pause', downloadId: 'no such id' });
  for (let n = 0; n < burst; n++) for (const ws of sockets) (ws as { send(text: string): void }).send(junk);
  await waitFor(() => answers >= burst - 200, { what: 'the burst to be answered' });
  // All 8,000 would have been, with 1,000 for each socket and 200 a second: 4,000 at once.
  const other = await visitor();
  assert.is((await other.visitor.add(other.token, FILE)).status, 202);
  assert.ok(answers < burst + 1_500, `${answers}`);
});

test.run();
