import { test } from 'uvu';
import * as assert from 'uvu/assert';
import fc from 'fast-check';
import { LIMITS } from '../../../src/lib/actors/durable/limits.ts';
import type { KvListOptions } from '../../../src/lib/actors/durable/types.ts';
import { rejectionOf } from './codes.ts';
import { openHost } from './host.ts';
import type { Op, Sample } from './sample-object.ts';

/** Few keys, so that operations collide; around the point where UTF-8 and UTF-16 order differ. */
const key = fc.constantFrom(
  '',
  'a',
  'a/',
  'a/1',
  'a/2',
  'b',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '\u{10000}',
  'nul\0l',
);
const value = fc.jsonValue({ maxDepth: 2 }).map((json): unknown => JSON.parse(JSON.stringify(json)));

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const options = fc
  .record({
    prefix: maybe(key),
    start: maybe(key),
    startAfter: maybe(key),
    end: maybe(key),
    limit: maybe(fc.integer({ min: 1, max: 4 })),
    reverse: maybe(fc.boolean()),
  })
  .map((record): KvListOptions => {
    const given = Object.entries(record).filter(([, item]) => item !== undefined);
    const both = record.start !== undefined && record.startAfter !== undefined;
    return Object.fromEntries(given.filter(([name]) => !(both && name === 'start')));
  });

const simple: fc.Arbitrary<Op> = fc.oneof(
  fc.record({ op: fc.constant('get' as const), key }),
  fc.record({ op: fc.constant('put' as const), key, value }),
  fc.record({ op: fc.constant('delete' as const), key }),
  fc.record({ op: fc.constant('list' as const), options }),
);
const end = fc.constantFrom('commit' as const, 'throw' as const);
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 12, arbitrary: simple },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant('transaction' as const),
      ops: fc.array(
        fc.oneof(
          { weight: 6, arbitrary: simple },
          // One in the other.
          {
            weight: 1,
            arbitrary: fc.record({ op: fc.constant('transaction' as const), ops: fc.array(simple), end }),
          },
        ),
        { maxLength: 6 },
      ),
      end,
    }),
  },
);
const turn = fc.record({
  actor: fc.constantFrom('one', 'two'),
  ops: fc.array(op, { maxLength: 8 }),
  throws: fc.boolean(),
});
const script = fc.array(
  fc.oneof({ weight: 9, arbitrary: turn }, { weight: 1, arbitrary: fc.constant('restart' as const) }),
  {
    maxLength: 12,
  },
);

const byBytes = (left: string, right: string): number =>
  Buffer.compare(Buffer.from(left), Buffer.from(right));
const isBefore = (left: string, right: string): boolean => byBytes(left, right) < 0;

/** A model of storage with a Map. */
function model(map: Map<string, unknown>, { ...item }: Op): unknown {
  switch (item.op) {
    case 'get':
      return map.get(item.key) ?? null;
    case 'put':
      map.set(item.key, item.value);
      return null;
    case 'delete':
      return map.delete(item.key);
    case 'setAlarm':
      return null;
    case 'list': {
      const { prefix = '', start, startAfter, end, limit = Infinity, reverse } = item.options;
      const found = [...map.keys()]
        .filter((name) => name.startsWith(prefix))
        .filter((name) => start === undefined || !isBefore(name, start))
        .filter((name) => startAfter === undefined || isBefore(startAfter, name))
        .filter((name) => end === undefined || isBefore(name, end))
        .sort(byBytes);
      if (reverse) found.reverse();
      return found.slice(0, limit).map((name) => [name, map.get(name)]);
    }
    case 'transaction': {
      const copy = new Map(map);
      const results = item.ops.map((inner) => model(copy, inner));
      if (item.end === 'throw') return 'thrown';
      map.clear();
      for (const [name, entry] of copy) map.set(name, entry);
      return results;
    }
  }
}

test('any sequence of turns, throws and restarts reads what a Map would hold', async () => {
  const opened = await openHost();
  let run = 0;
  await fc.assert(
    fc.asyncProperty(script, async (steps) => {
      run += 1;
      const maps = { one: new Map<string, unknown>(), two: new Map<string, unknown>() };
      for (const step of steps) {
        if (step === 'restart') {
          await opened.reopen();
          continue;
        }
        const map = maps[step.actor as 'one' | 'two'];
        const stub = opened.host.get<Sample>('sample', `${step.actor} ${run}`);
        if (step.throws) {
          assert.is(await rejectionOf(stub.call('writeAndThrow', step.ops)), 'internal_error');
        } else {
          const expected = step.ops.map((item) => model(map, item));
          assert.equal(await stub.call('run', step.ops), expected);
        }
      }
      for (const actor of ['one', 'two'] as const) {
        const stub = opened.host.get<Sample>('sample', `${actor} ${run}`);
        const everything: Op = { op: 'list', options: {} };
        assert.equal(await stub.call('run', [everything]), [model(maps[actor], everything)]);
      }
    }),
    { numRuns: 200 },
  );
  await opened.close();
});

test('values above the limits are refused with storage_limit, and nothing is written', async () => {
  const opened = await openHost();
  const stub = opened.host.get<Sample>('sample', 'a');
  const refused: Op[] = [
    { op: 'put', key: 'x'.repeat(LIMITS.keyBytes + 1), value: 1 },
    { op: 'put', key: 'é'.repeat(LIMITS.keyBytes / 2 + 1), value: 1 },
    { op: 'put', key: 'lone \ud800', value: 1 },
    { op: 'put', key: 'k', value: 'x'.repeat(LIMITS.valueLength) },
    { op: 'get', key: 'x'.repeat(LIMITS.keyBytes + 1) },
    { op: 'delete', key: 'x'.repeat(LIMITS.keyBytes + 1) },
    { op: 'list', options: { limit: LIMITS.listEntries + 1 } },
  ];
  for (const item of refused)
    assert.is(await rejectionOf(stub.call('run', [item])), 'storage_limit', item.op);
  assert.equal(await stub.call('run', [{ op: 'list', options: {} }]), [[]]);
  await stub.call('run', [
    { op: 'put', key: 'x'.repeat(LIMITS.keyBytes), value: 1 },
    { op: 'put', key: 'k', value: 'x'.repeat(LIMITS.valueLength - 2) },
  ]);
  await opened.close();
});

test('a list above the limit is an error, and can be read in pages', async () => {
  const opened = await openHost();
  const stub = opened.host.get<Sample>('sample', 'a');
  const all = Array.from(
    { length: LIMITS.listEntries + 1 },
    (_, index) => `k${String(index).padStart(5, '0')}`,
  );
  await stub.call(
    'run',
    all.map((name): Op => ({ op: 'put', key: name, value: 0 })),
  );
  assert.is(await rejectionOf(stub.call('run', [{ op: 'list', options: {} }])), 'storage_limit');
  const found: string[] = [];
  for (let page: string[] = ['']; page.length > 0;) {
    const options = { limit: 4000, ...(found.length > 0 && { startAfter: found.at(-1) as string }) };
    const [entries] = (await stub.call('run', [{ op: 'list', options }])) as [[string, number][]];
    page = entries.map(([name]) => name);
    found.push(...page);
  }
  assert.equal(found, all);

  const large = Array.from({ length: 9 }, (_, index): Op => ({
    op: 'put',
    key: `l${index}`,
    value: 'x'.repeat(2_000_000),
  }));
  await stub.call('run', large);
  assert.is(await rejectionOf(stub.call('run', [{ op: 'list', options: { prefix: 'l' } }])), 'storage_limit');
  await opened.close();
});

test('ids lists the objects with stored values, in order, in pages', async () => {
  const opened = await openHost();
  for (const id of ['c', 'a', 'b']) {
    await opened.host.get<Sample>('sample', id).call('run', [{ op: 'put', key: 'k', value: id }]);
  }
  await opened.host.get<Sample>('sample', 'empty').call('identity');
  assert.equal(opened.host.ids('sample'), ['a', 'b', 'c']);
  assert.equal(opened.host.ids('sample', 'a', 1), ['b']);
  await opened.host.get<Sample>('sample', 'b').call('run', [{ op: 'delete', key: 'k' }]);
  assert.equal(opened.host.ids('sample'), ['a', 'c']);
  await opened.close();
});

test.run();
