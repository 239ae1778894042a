/** Who signs in with an issuer's account, on the embedded host. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { define } from '#lib/actors/durable/host.server.ts';
import { DamagedValue } from '#lib/actors/durable/damaged-value.ts';
import type { DurableKv } from '#lib/actors/durable/types.ts';
import { Directory, DIRECTORY } from '#lib/actors/directory/directory.ts';
import { DirectoryRows, type PersonRow } from '#lib/actors/directory/rows.ts';
import type { SluiceError } from '#lib/protocol/error.ts';
import { openHost, type TestHost } from '../durable/host.ts';

let t: TestHost;
let ids = 0;

test.before.each(async () => {
  const env = { now: () => t.clock.now(), newId: () => `id-${++ids}` };
  t = await openHost({ classes: { directory: define(Directory, env) } });
});
test.after.each(async () => {
  assert.equal(t.errors, []);
  await t.close();
});

const stub = () => t.host.get<Directory>('directory', DIRECTORY);
const codeOf = (asked: Promise<unknown>) =>
  asked.then(
    () => 'none',
    (error: SluiceError) => error.code,
  );

test('a person is made at first sight, is the same ever after, and is never an operator by that', async () => {
  const ann = await stub().call('identified', 'hash-1', ['Ann', 'ann@example.org']);
  assert.equal([ann?.name, ann?.role, ann?.hasIdentity, ann?.hasPassword], ['Ann', 'person', true, false]);
  await t.reopen();
  assert.equal(await stub().call('identified', 'hash-1', ['Renamed']), ann);
  assert.is((await stub().call('people')).length, 1);
});

test('somebody of the same name is never taken over: the newcomer gets another name', async () => {
  const { id } = await stub().call('add', 'Ann', 'operator');
  await stub().call('setPassword', id, 'hash');
  const names: string[] = [];
  for (const [n, given] of [
    ['ANN', 'ann@example.org'],
    ['ann', 'ann@example.org'],
    ['Ann'],
    ['n'.repeat(64)],
    ['n'.repeat(64)],
  ].entries()) {
    const made = await stub().call('identified', `hash-${n}`, given as [string]);
    assert.is.not(made?.id, id);
    names.push(made?.name ?? '');
  }
  assert.equal(names, ['ann@example.org', 'ann (2)', 'Ann (3)', 'n'.repeat(64), `${'n'.repeat(28)} (2)`]);
  assert.is((await stub().call('credentials', 'ann'))?.password, 'hash');
});

test('who was removed does not come back, until an operator gives them a link', async () => {
  await stub().call('add', 'Olga', 'operator');
  const ben = await stub().call('identified', 'bens', ['Ben']);
  await stub().call('remove', ben?.id ?? '', 'keep');
  assert.is(await stub().call('identified', 'bens', ['Ben']), null, 'nor while that is under way');
  await stub().call('removed', ben?.id ?? '');
  await t.reopen();
  assert.is(await stub().call('identified', 'bens', ['Ben']), null);
  const again = await stub().call('add', 'Ben', 'person');
  await stub().call('invite', 'link', again.id, 1000);
  assert.is((await stub().call('acceptAs', 'link', 'bens', ['Other'])).name, 'Ben');
  assert.is((await stub().call('identified', 'bens', ['Ben']))?.id, again.id);
  assert.is(await codeOf(stub().call('acceptAs', 'link', 'x', ['Eve'])), 'link_used');
});

test('a link ties an account to somebody who was there, and their earlier account ends by it', async () => {
  const { id } = await stub().call('add', 'Ann', 'operator');
  await stub().call('invite', 'one', id, 1000);
  await stub().call('acceptAs', 'one', 'old', ['x']);
  await stub().call('invite', 'two', id, 1000);
  const ann = await stub().call('acceptAs', 'two', 'new', ['x']);
  assert.equal([ann.id, ann.role], [id, 'operator']);
  assert.is((await stub().call('identified', 'new', ['x']))?.id, id);
  assert.is(await stub().call('identified', 'old', ['x']), null);
  await stub().call('invite', 'three', id, 1000);
  assert.is((await stub().call('acceptAs', 'three', 'new', ['x'])).id, id, 'the same again');
  assert.is((await stub().call('identified', 'new', ['x']))?.id, id);
});

test('an account is of one person: a link for another does not move it', async () => {
  const ann = await stub().call('identified', 'anns', ['Ann']);
  const { id } = await stub().call('add', 'Ben', 'person');
  await stub().call('invite', 'link', id, 1000);
  assert.is(await codeOf(stub().call('acceptAs', 'link', 'anns', ['x'])), 'identity_taken');
  assert.is((await stub().call('invitation', 'link')).name, 'Ben', 'which can be used after all');
  assert.is((await stub().call('identified', 'anns', ['x']))?.id, ann?.id);
});

test('who opens the first link is an operator; once there is somebody it opens nothing', async () => {
  await stub().call('invite', 'first', null, 1000);
  const ann = await stub().call('acceptAs', 'first', 'anns', ['Ann']);
  assert.equal([ann.name, ann.role], ['Ann', 'operator']);
  assert.is(await codeOf(stub().call('acceptAs', 'first', 'bens', ['Ben'])), 'link_used');
});

test('a damaged account is known by its person, and a damaged person by it; one of nobody stays out', () => {
  const person = { v: 1, name: 'Ann', lists: [], identity: 'anns', leaving: null };
  const values = new Map<string, unknown>([
    ['n/ann', 'a'],
    ['p/a', person],
    ['o/anns', 'damaged'],
    ['o/bens', 'damaged'],
  ]);
  const read = (key: string) => {
    if (values.get(key) === 'damaged') throw new DamagedValue(key, null);
    return values.get(key);
  };
  const kv: DurableKv = {
    get: <T>(key: string) => read(key) as T | undefined,
    put: (key, value) => void values.set(key, value),
    delete: (key) => values.delete(key),
    list: <T>({ prefix = '' } = {}) =>
      [...values.keys()]
        .filter((key) => key.startsWith(prefix))
        .sort()
        .map((key) => [key, read(key)] as [string, T]),
  };
  const rows = new DirectoryRows(kv);
  assert.equal([rows.kv.get('o/anns'), rows.kv.get('o/bens')], ['a', '']);
  values.set('p/a', 'damaged');
  const mended = rows.get('a') as PersonRow;
  assert.equal([mended.name, mended.identity], ['ann', 'anns']);
});

test.run();
