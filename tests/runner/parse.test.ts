import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ParseRequest } from '#lib/annie/engine.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import type { MediaItem, ParseResult } from '#lib/protocol/media.ts';
import type { RunnerCommand } from '#lib/protocol/runner.ts';
import { waitFor } from '../support/wait.ts';
import { layGround, settleTurns, type Ground } from './ground.ts';

const test = suite<{ ground: Ground; requests: Pending[] }>('parse');

interface Pending extends ParseRequest {
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
  const ground = await layGround();
  const requests: Pending[] = [];
  ground.http.parse = (request) =>
    new Promise((resolve, reject) => requests.push({ ...request, resolve, reject }));
  Object.assign(context, { ground, requests });
});
test.after.each(async ({ ground, requests }) => {
  for (const { reject } of requests) reject(new Error('the test is over'));
  await ground.close();
});

function parse(job: string): RunnerCommand {
  return { type: 'parse', job, url: `https://media.test/${job}`, engine: 'http' };
}

function nth(requests: Pending[], n: number): Promise<Pending> {
  return waitFor(() => requests[n], { what: `parse ${n}` });
}

test('items arrive as they are found, and all of them at the end', async ({ ground, requests }) => {
  ground.runner.send('s1', parse('a'));
  const request = await nth(requests, 0);
  request.onItems?.([ITEM]);
  assert.equal(await ground.event('parse-items'), {
    type: 'parse-items',
    job: 'a',
    engine: 'http',
    items: [ITEM],
  });
  const result: ParseResult = { engine: 'http', items: [ITEM, { ...ITEM, id: '2' }] };
  request.resolve(result);
  assert.equal(await ground.event('parse-done'), { type: 'parse-done', job: 'a', result });
});

test('a parse that fails says so with a code', async ({ ground, requests }) => {
  ground.runner.send('s1', parse('a'));
  (await nth(requests, 0)).reject(new SluiceError('no_media'));
  const { error } = await ground.event('parse-failed');
  assert.is(error.code, 'no_media');
  ground.http.parse = () => {
    throw new Error('on the spot');
  };
  ground.runner.send('s1', parse('b'));
  assert.is((await ground.event('parse-failed', 1)).error.code, 'internal_error');
});

test('a parse that takes a minute ends in timeout, and is not heard afterwards', async ({
  ground,
  requests,
}) => {
  ground.runner.send('s1', parse('a'));
  const request = await nth(requests, 0);
  ground.clock.increment(59_999);
  assert.not.ok(request.signal.aborted);
  ground.clock.increment(1);
  assert.ok(request.signal.aborted);
  assert.is((await ground.event('parse-failed')).error.code, 'timeout');
  request.onItems?.([ITEM]);
  request.resolve({ engine: 'http', items: [] });
  await settleTurns();
  assert.is(ground.events().length, 1);
});

test('an abandoned parse is aborted and never answered', async ({ ground, requests }) => {
  ground.runner.send('s1', parse('a'));
  const request = await nth(requests, 0);
  ground.runner.send('s1', { type: 'abandon-parse', job: 'a' });
  assert.ok(request.signal.aborted);
  request.resolve({ engine: 'http', items: [] });
  await settleTurns();
  assert.equal(ground.events(), []);
});

test('four parses run at a time, and sessions take turns', async ({ ground, requests }) => {
  for (const job of ['a', 'b', 'c', 'd', 'e', 'f']) ground.runner.send('s1', parse(job));
  ground.runner.send('s2', parse('g'));
  await nth(requests, 3);
  await settleTurns();
  assert.is(requests.length, 4);
  requests[0]?.resolve({ engine: 'http', items: [] });
  assert.match((await nth(requests, 4)).url, /\/g$/);
});

test('asking twice is asking once, and sessions have job names of their own', async ({
  ground,
  requests,
}) => {
  ground.runner.send('s1', parse('a'));
  ground.runner.send('s1', parse('a'));
  ground.runner.send('s2', parse('a'));
  (await nth(requests, 1)).resolve({ engine: 'http', items: [] });
  await ground.event('parse-done', 0, 's2');
  await settleTurns();
  assert.is(requests.length, 2);
  assert.equal(ground.events('s1'), []);
});

test('a parse that ignores its abort does not hold its place for ever', async ({ ground, requests }) => {
  for (const job of ['a', 'b', 'c', 'd', 'e']) ground.runner.send('s1', parse(job));
  await nth(requests, 3);
  ground.clock.increment(60_000);
  await ground.event('parse-failed', 3);
  assert.is(requests.length, 4);
  ground.clock.increment(10_000);
  assert.match((await nth(requests, 4)).url, /\/e$/);
});

test('a session that is silent for its lease has its parses aborted', async () => {
  const ground = await layGround({ leaseMs: 5_000 });
  let aborted = false;
  ground.http.parse = ({ signal }) =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        aborted = true;
        reject(new Error('aborted'));
      });
      ground.clock.increment(5_000);
    });
  ground.runner.send('s1', parse('a'));
  await waitFor(() => aborted);
  await ground.close();
});

test.run();
