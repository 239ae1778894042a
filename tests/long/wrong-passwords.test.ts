/** Ten thousand wrong passwords, under one name and under many: none gets in, others are served, and who knows the password signs in. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { accept, firstLinkOf, Person } from '../support/people.ts';
import { startServer, type TestServer } from '../support/server.ts';

const TRIES = 10_000;
const AT_ONCE = 20;
let server: TestServer;

test.before(async () => {
  server = await startServer({ env: { SLUICE_AUTH: 'password', SLUICE_ENGINES: 'http' } });
});
test.after(async () => {
  await server.stop();
});

/** @returns how often each code came */
async function tryAll(names: (n: number) => string): Promise<Map<string, number>> {
  const codes = new Map<string, number>();
  let next = 0;
  const stranger = new Person(server.url);
  const worker = async (): Promise<void> => {
    for (let n = next++; n < TRIES; n = next++) {
      // As many strangers as a proxy tells of: one owner.
      const body = { name: names(n), password: `guess ${n}` };
      const { code = 'in' } = await stranger.call('POST', '/api/account/sign-in', body, {
        'x-real-ip': `203.0.113.${n % 250}`,
      });
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  assert.is(stranger.cookie, '');
  return codes;
}

test('none of them gets in, and the person who knows the password does', async () => {
  const ann = await accept(server.url, await firstLinkOf(server), 'Ann');
  for (const [what, names] of [
    ['one name', () => 'Ann'],
    ['many names', (n: number) => `name-${n}`],
  ] as const) {
    const startedAt = performance.now();
    const guessing = tryAll(names);
    let slowestMs = 0;
    let isOver = false;
    void guessing.finally(() => (isOver = true));
    while (!isOver) {
      const askedAt = performance.now();
      assert.is((await ann.call('GET', '/api/downloads')).status, 200);
      slowestMs = Math.max(slowestMs, performance.now() - askedAt);
    }
    const codes = await guessing;
    const seconds = (performance.now() - startedAt) / 1000;
    console.log(
      `${what}: ${JSON.stringify([...codes])} in ${seconds.toFixed(1)} s; others waited ${slowestMs.toFixed(0)} ms at most`,
    );
    assert.equal(
      [codes.get('in') ?? 0, (codes.get('wrong_password') ?? 0) + (codes.get('too_many_requests') ?? 0)],
      [0, TRIES],
    );
    assert.ok((codes.get('wrong_password') ?? 0) <= 50, 'few are looked at');
    assert.is((await ann.signIn('Ann')).status, 200, 'where she has signed in before');
  }
});

test.run();
