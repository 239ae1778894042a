import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ParseRequest } from '#lib/annie/engine.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import type { MediaItem, ParseResult } from '#lib/protocol/media.ts';
import type { RunnerCommand } from '#lib/protocol/runner.ts';
import { waitFor } from '../support/wait.ts';
import { createFixture, nextTurns, type Fixture } from './fixture.ts';

const test = suite<{ fixture: Fixture; requests: ParseCall[] }>('parse');

interface ParseCall extends ParseRequest {
  resolve: (result: ParseResult) => void;
  reject: (error: unknown) => void;
}

const ITEM: MediaItem = {
  id: '1',
  url: 'https://media.test/v',
  site: 'media.test',
  title: 'V',
  type: 'video',
  streams: [],
};

test.before.each(async (context) => {
  const fixture = await createFixture({ leaseMs: Infinity });
  const requests: ParseCall[] = [];
  fixture.http.parse = (request) =>
    new Promise((resolve, reject) => requests.push({ ...request, resolve, reject }));
  Object.assign(context, { fixture, requests });
});
test.after.each(async ({ fixture, requests }) => {
  for (const { reject } of requests) reject(new Error('the test is over'));
  await fixture.close();
});

function parse(job: string): RunnerCommand {
  return { type: 'parse', job, url: `https://media.test/${job}`, engine: 'http' };
}

function nth(requests: ParseCall[], n: number): Promise<ParseCall> {
  return waitFor(() => requests[n], { what: `parse ${n}` });
}

test('items arrive as they are found, and all of them at the end', async ({ fixture, requests }) => {
  fixture.runner.send('s1', parse('a'));
  const request = await nth(requests, 0);
  request.onItems?.([ITEM]);
  assert.equal(await fixture.event('parse-items'), {
    type: 'parse-items',
    job: 'a',
    engine: 'http',
    items: [ITEM],
  });
  const result: ParseResult = { engine: 'http', items: [ITEM, { ...ITEM, id: '2' }] };
  request.resolve(result);
  assert.equal(await fixture.event('parse-done'), { type: 'parse-done', job: 'a', result });
});

test('a parse that fails says so with a code', async ({ fixture, requests }) => {
  fixture.runner.send('s1', parse('a'));
  (await nth(requests, 0)).reject(new SluiceError('no_media'));
  const { error } = await fixture.event('parse-failed');
  assert.is(error.code, 'no_media');
  fixture.http.parse = () => {
    throw new Error('on the spot');
  };
  fixture.runner.send('s1', parse('b'));
  assert.is((await fixture.event('parse-failed', 1)).error.code, 'internal_error');
});

test('what a server takes to begin is said, and does not count for the minute of a parse', async ({
  fixture,
  requests,
}) => {
  fixture.runner.send('s1', parse('a'));
  const request = await nth(requests, 0);
  fixture.clock.increment(30_000);
  request.onWaiting?.(true);
  fixture.clock.increment(1_999);
  assert.equal(fixture.events('s1'), []);
  fixture.clock.increment(298_001);
  assert.equal(await fixture.event('parse-waiting'), { type: 'parse-waiting', job: 'a', isWaiting: true });
  request.onWaiting?.(false);
  assert.is((await fixture.event('parse-waiting', 1)).isWaiting, false);
  fixture.clock.increment(29_999);
  assert.ok(fixture.events('s1').every(({ type }) => type === 'parse-waiting'));
  fixture.clock.increment(1);
  assert.is((await fixture.event('parse-failed')).error.code, 'timeout');
});

test('servers that begin one after the other have the time of one', async ({ fixture, requests }) => {
  fixture.runner.send('s1', parse('a'));
  const request = await nth(requests, 0);
  for (let hop = 0; hop < 3; hop++) {
    request.onWaiting?.(true);
    fixture.clock.increment(109_999);
    assert.not.ok(request.signal.aborted);
    fixture.clock.increment(1);
    request.onWaiting?.(false);
  }
  assert.is((await fixture.event('parse-failed')).error.code, 'timeout');
});

test('a parse that takes a minute ends in timeout, and reports nothing afterwards', async ({
  fixture,
  requests,
}) => {
  fixture.runner.send('s1', parse('a'));
  const request = await nth(requests, 0);
  fixture.clock.increment(59_999);
  assert.not.ok(request.signal.aborted);
  fixture.clock.increment(1);
  assert.ok(request.signal.aborted);
  assert.is((await fixture.event('parse-failed')).error.code, 'timeout');
  request.onItems?.([ITEM]);
  request.resolve({ engine: 'http', items: [] });
  await nextTurns();
  assert.is(fixture.events().length, 1);
});

test('an abandoned parse is aborted and never answered', async ({ fixture, requests }) => {
  fixture.runner.send('s1', parse('a'));
  const request = await nth(requests, 0);
  fixture.runner.send('s1', { type: 'abandon-parse', job: 'a' });
  assert.ok(request.signal.aborted);
  request.resolve({ engine: 'http', items: [] });
  await nextTurns();
  assert.equal(fixture.events(), []);
});

test('four parses run at a time, and sessions take turns', async ({ fixture, requests }) => {
  for (const job of ['a', 'b', 'c', 'd', 'e', 'f']) fixture.runner.send('s1', parse(job));
  fixture.runner.send('s2', parse('g'));
  await nth(requests, 3);
  await nextTurns();
  assert.is(requests.length, 4);
  requests[0]?.resolve({ engine: 'http', items: [] });
  assert.match((await nth(requests, 4)).url, /\/g$/);
});

test('a parse sent twice runs once, and sessions have job names of their own', async ({
  fixture,
  requests,
}) => {
  fixture.runner.send('s1', parse('a'));
  fixture.runner.send('s1', parse('a'));
  fixture.runner.send('s2', parse('a'));
  (await nth(requests, 1)).resolve({ engine: 'http', items: [] });
  await fixture.event('parse-done', 0, 's2');
  await nextTurns();
  assert.is(requests.length, 2);
  assert.equal(fixture.events('s1'), []);
});

test('a parse that ignores its abort loses its slot', async ({ fixture, requests }) => {
  for (const job of ['a', 'b', 'c', 'd', 'e']) fixture.runner.send('s1', parse(job));
  await nth(requests, 3);
  fixture.clock.increment(60_000);
  await fixture.event('parse-failed', 3);
  assert.is(requests.length, 4);
  fixture.clock.increment(10_000);
  assert.match((await nth(requests, 4)).url, /\/e$/);
});

test("a look-up counts as its owner's until its engine has ended, also when it was abandoned", async () => {
  const held: string[] = [];
  const fixture = await createFixture({
    maxParsing: 1,
    holdLookUp: (owner = '') => {
      held.push(owner);
      return () => void held.splice(held.indexOf(owner), 1);
    },
  });
  const requests: ParseCall[] = [];
  fixture.http.parse = (request) =>
    new Promise((resolve, reject) => requests.push({ ...request, resolve, reject }));
  fixture.runner.send('s1', { ...parse('a'), owner: 'me' } as RunnerCommand);
  fixture.runner.send('s1', { ...parse('b'), owner: 'you' } as RunnerCommand);
  const request = await nth(requests, 0);
  assert.equal(held, ['me', 'you']);
  for (const job of ['a', 'b']) fixture.runner.send('s1', { type: 'abandon-parse', job });
  assert.ok(request.signal.aborted);
  await nextTurns();
  assert.equal(held, ['me']);
  request.reject(request.signal.reason);
  await waitFor(() => held.length === 0, { what: 'the end of the look-up' });
  await fixture.close();
});

test('a session that is silent for its lease has its parses aborted', async () => {
  const fixture = await createFixture({ leaseMs: 5_000 });
  let aborted = false;
  fixture.http.parse = ({ signal }) =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        aborted = true;
        reject(new Error('aborted'));
      });
      fixture.clock.increment(5_000);
    });
  fixture.runner.send('s1', parse('a'));
  await waitFor(() => aborted);
  await fixture.close();
});

test.run();
