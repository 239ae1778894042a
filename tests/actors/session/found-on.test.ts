/** Where a look-up has found an address is stored with its download: the runner may be another process by the time it begins. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { startSession } from './harness.ts';

test('the page of a listed address goes to the runner after a restart, and is never shown', async () => {
  const on = { page: 'https://example.org/film?private', title: 'Film', setsCookies: true };
  let lookups = { 's1 https://example.org/film.mp4': on } as Partial<Record<string, typeof on>>;
  const s = await startSession({
    maxActive: 1,
    foundOn: (url, session) => lookups[`${session} ${url}`] ?? null,
  });
  try {
    const first = await s.add('first.mp4');
    assert.not('foundOn' in (await s.sentCommand('start', first)));
    const id = await s.add('film.mp4');
    assert.is((await s.show(id)).state, 'queued');
    lookups = {};
    await s.restart();
    await s.wake();
    await s.call('POST', `/downloads/${first}/cancel`);
    assert.equal((await s.sentCommand('start', id)).foundOn, on);
    assert.not.match(JSON.stringify(await s.show(id)), 'private');
  } finally {
    await s.end();
  }
});

test.run();
